import { Option, type Command } from 'commander';

/**
 * Adds an option that had other names in earlier versions: they mean the same, and no help tells of them.
 *
 * @param earlier "--std"
 */
export function addRenamed(command: Command, option: Option, ...earlier: string[]): Command {
  command.addOption(option);
  for (const name of earlier) command.addOption(new EarlierName(name, option));
  return command;
}

class EarlierName extends Option {
  readonly #option: Option;

  constructor(name: string, option: Option) {
    super(`${name} <value>`);
    this.#option = option;
    if (option.parseArg !== undefined) this.argParser(option.parseArg);
    this.hideHelp();
  }

  /** Under which its value is found. */
  override attributeName(): string {
    return this.#option.attributeName();
  }
}
