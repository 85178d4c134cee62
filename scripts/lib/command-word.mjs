/** Finding the command on a command line of `edm2`, before the program that understands it whole can run. */

/**
 * The first word that is no option of the whole program.
 *
 * @param {readonly string[]} args what stands behind `edm2`
 * @returns {string | undefined} the command; undefined where none is named, as in `edm2 --version`
 */
export function commandWord(args) {
  for (let index = 0; index < args.length; index += 1) {
    if (args[index] === '--library') index += 1;
    else if (!args[index].startsWith('-')) return args[index];
  }
  return undefined;
}
