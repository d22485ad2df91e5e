/** npm as a program. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * @returns {Promise<string>} what it printed
 * @throws where it fails, with its messages
 */
export async function npm(args, cwd) {
  // `npm.cmd` needs a shell on Windows; npm's script, which runs this under `npm run`, does not.
  const script = process.env.npm_execpath;
  const [file, first] = script?.endsWith('npm-cli.js') ? [process.execPath, [script]] : ['npm', []];
  const shell = file === 'npm' && process.platform === 'win32';
  const { stdout } = await promisify(execFile)(file, [...first, ...args], { cwd, shell, maxBuffer: 1 << 26 });
  return stdout;
}
