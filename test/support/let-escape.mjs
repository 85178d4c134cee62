/**
 * Loaded before a program (`--import`): lets an error escape in it as soon as a file says so. EDM2_TEST_ESCAPE is that
 * file, and what it says is 'throw' or 'reject'; it is removed, so that one process alone obeys. EDM2_TEST_ESCAPE_IN is
 * the end of the path of the program that is meant: those that it starts may load this, too.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import process from 'node:process';

const { EDM2_TEST_ESCAPE: file, EDM2_TEST_ESCAPE_IN: program } = process.env;
if (process.argv[1]?.endsWith(program)) {
  setInterval(() => {
    if (!existsSync(file)) return;
    const how = readFileSync(file, 'utf8');
    if (how === '') return; // it is just being written
    rmSync(file);
    const error = new Error('nobody expected this');
    if (how === 'throw') throw error;
    void Promise.reject(error);
  }, 20).unref();
}
