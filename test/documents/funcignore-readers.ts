import { execFile } from "node:child_process";
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The files of a folder that `.funcignore` includes by git's rules, which Visual Studio Code also uses. */
export async function leftByGit(folder: string): Promise<string[]> {
  await run("git", ["init", "--quiet"], { cwd: folder });
  const list = ["ls-files", "-z", "--others", "--exclude-from=.funcignore"];
  const { stdout } = await run("git", list, { cwd: folder, maxBuffer: 1 << 26 });
  return stdout
    .split("\0")
    .filter((path) => path && path !== ".funcignore")
    .toSorted();
}

/**
 * The files that azd uploads. It skips an excluded folder with all its content, and the last matching pattern decides. See
 * azd's `createDeployableZip` and its library github.com/denormal/go-gitignore.
 */
export function leftByAzd(folder: string): string[] {
  const patterns = azdPatterns(folder);
  const walk = (within: string): string[] =>
    readdirSync(join(folder, within), { withFileTypes: true }).flatMap((entry: Dirent) => {
      const path = within ? `${within}/${entry.name}` : entry.name;
      if ([".funcignore", "local.settings.json", ".azure"].includes(entry.name)) return [];
      if (ignoredByAzd(patterns, path, entry.isDirectory())) return [];
      return entry.isDirectory() ? walk(path) : [path];
    });
  return walk("").toSorted();
}

/** Whether azd asks for a build in Azure; with `remoteBuild: false` in azure.yaml it then refuses to deploy. */
export function azdWantsRemoteBuild(folder: string): boolean {
  return ignoredByAzd(azdPatterns(folder), "node_modules", true);
}

type Pattern = { keeps: boolean; folders: boolean; matches: RegExp };

function azdPatterns(folder: string): Pattern[] {
  return linesOf(folder).map((line) => {
    const [, not, text, slash] = /^(!?)\/(.+?)(\/?)$/.exec(line) ?? [];
    if (text === undefined)
      throw new Error(`${line}: only patterns that begin at the root are understood here`);
    // Without a slash inside, `*` and `?` match slashes too; `/**` at the end also matches the folder itself.
    const any = text.includes("/") ? "[^/]" : ".";
    const expression = text
      .replace(/[.+^$()|[\]{}\\]/g, String.raw`\$&`)
      .replace(/\/\*\*$|\*|\?/g, (wildcard) => ({ "*": `${any}*`, "?": any })[wildcard] ?? "(/.*)?");
    return { keeps: not === "!", folders: slash === "/", matches: new RegExp(`^${expression}$`, "s") };
  });
}

function ignoredByAzd(patterns: Pattern[], path: string, isFolder: boolean): boolean {
  const last = patterns.findLast(({ matches, folders }) => (isFolder || !folders) && matches.test(path));
  return last !== undefined && !last.keeps;
}

/**
 * The files that `func azure functionapp publish` uploads: all files whose path begins like a pattern with `!`, or like no
 * pattern. The order of the lines has no effect. See `GitIgnoreParser.cs` of Core Tools.
 */
export function leftByCoreTools(folder: string): string[] {
  const lines = linesOf(folder);
  const kept = lines.filter((line) => line.startsWith("!")).map((line) => prefix(line.slice(1)));
  const ignored = lines.filter((line) => !line.startsWith("!")).map(prefix);
  return filesIn(folder)
    .filter(
      (path) => ![".funcignore", "local.settings.json"].includes(path) && !/^\.(git|vscode)\//.test(path),
    )
    .filter((path) => kept.some((one) => one.test(path)) || !ignored.some((one) => one.test(path)))
    .toSorted();
}

function prefix(pattern: string): RegExp {
  const escaped = pattern.replace(/^\//, "").replace(/[-[\]/{}()+?.\\^$|]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("**", "(.+)").replaceAll("*", "([^/]+)")}`);
}

function linesOf(folder: string): string[] {
  return readFileSync(join(folder, ".funcignore"), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    );
}
