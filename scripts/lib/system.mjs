// What differs between operating systems: where programs lie, what they are called, and how a
// process is ended with all that it started. Each takes the platform, so that a test may ask for
// another one than its own.

import { posix, win32 } from "node:path";

const isWindows = (platform) => platform === "win32";

/** The file of a program: `NAME.exe` on Windows. */
export const executable = (name, platform = process.platform) => (isWindows(platform) ? `${name}.exe` : name);

/** The Python of the environment in `folder`. */
export const pythonOf = (folder, platform = process.platform) =>
  isWindows(platform) ? win32.join(folder, "Scripts", "python.exe") : posix.join(folder, "bin", "python");

/** The command of the Python that is installed: Windows has no `python3` of its own. */
export const pythonCommand = (platform = process.platform) => (isWindows(platform) ? "python" : "python3");

/**
 * How npm is run, as `[command, args]`. On Windows its command is a script of the shell, which is
 * no program: Node.js runs npm itself there, the one that runs us or the one it came with.
 */
export function npm(args, { platform = process.platform, env = process.env, node = process.execPath } = {}) {
  if (!isWindows(platform)) return ["npm", args];
  const its = /npm-cli\.c?js$/.test(env.npm_execpath ?? "") && env.npm_execpath;
  const brought = win32.join(win32.dirname(node), "node_modules", "npm", "bin", "npm-cli.js");
  return [node, [its || brought, ...args]];
}

/** Whether a child leads a group of processes: on Windows it would have a window of its own. */
export const leads = (platform = process.platform) => !isWindows(platform);

/**
 * How a child is ended with all that it started, as `[command, args]`; nothing where the group that
 * it leads is signalled. Windows knows no signals: what is asked there in vain is ended by force.
 */
export function endedBy(pid, signal, platform = process.platform) {
  if (!isWindows(platform)) return undefined;
  return ["taskkill", ["/pid", String(pid), "/T", ...(signal === "SIGKILL" ? ["/F"] : [])]];
}
