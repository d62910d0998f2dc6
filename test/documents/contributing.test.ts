import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const guide = readFileSync("CONTRIBUTING.md", "utf8");
const root = resolve(".");
const examples = [...guide.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```/gms)].map(
  ([, name = "", source = ""]) => ({ name, source }),
);

let copy: string;
beforeAll(async () => {
  await mkdir("node_modules/.cache", { recursive: true });
  // Inside the project, so that packages are found.
  copy = await mkdtemp(join(root, "node_modules/.cache/contributing-"));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

test("the operation and the test in CONTRIBUTING.md compile", async () => {
  expect(examples.map(({ name }) => name)).toEqual([
    "functions/agents/get-agent.ts",
    "test/app/get-agent.test.ts",
  ]);
  // Copies with a mistake show that the compiler reads the examples.
  const broken = examples.map(({ name, source }) => ({
    name: name.replace("get-agent", "broken"),
    source: source.replace("{ body: agent }", "{ body: 7 }").replace('call("GET", ', "call(7, "),
  }));
  const files = [...examples, ...broken];
  for (const { name, source } of files) {
    await mkdir(join(copy, dirname(name)), { recursive: true });
    await writeFile(join(copy, name), source);
  }
  const config = {
    extends: join(root, "tsconfig.json"),
    // The relative imports of the examples are resolved as if they were in the project.
    compilerOptions: { rootDirs: [copy, root], typeRoots: [join(root, "node_modules/@types")] },
    include: [],
    files: [join(root, "test/azurite.setup.ts"), ...files.map(({ name }) => join(copy, name))],
  };
  await writeFile(join(copy, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", copy], { encoding: "utf8" });
  const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
  expect(errors).toEqual(broken.map(({ name }) => expect.stringContaining(basename(name))));
  // A compiler on a busy machine takes a while.
}, 60_000);

test.each(examples)("the linter accepts the example $name of CONTRIBUTING.md", ({ name, source }) => {
  const linter = join(root, "node_modules/@biomejs/biome/bin/biome");
  const options = { input: source, encoding: "utf8" } as const;
  // Prints the source with the linter's corrections.
  const { stdout, status } = spawnSync(
    process.execPath,
    [linter, "check", "--write", `--stdin-file-path=${name}`],
    options,
  );
  expect({ stdout, status }).toEqual({ stdout: source, status: 0 });
});

test("every file and folder that CONTRIBUTING.md names exists", () => {
  const named = [...guide.matchAll(/`((?:functions|shared|local|test|infra|docs|scripts)\/[\w./-]*)/g)];
  expect(named.length).toBeGreaterThan(20);
  for (const [, path = ""] of named) expect(existsSync(path), path).toBe(true);
});

test("the layout of CONTRIBUTING.md has every folder of the code", () => {
  const layout = guide.slice(guide.indexOf("| folder |"), guide.indexOf("[docs/architecture.md]"));
  const named = [...layout.matchAll(/^\| (.+?) \|/gm)].flatMap(
    ([, cell]) => cell?.match(/(?<=`)[\w/-]+\/(?=`)/g) ?? [],
  );
  const made = ["dist", "coverage"];
  const isFolder = (path: string) => statSync(path).isDirectory();
  const top = readdirSync(".").filter(
    (name) => /^[a-z]+$/.test(name) && !made.includes(name) && isFolder(name),
  );
  const shared = readdirSync("shared").map((name) => `shared/${name}`);
  const folders = [...top.filter((name) => name !== "shared"), ...shared.filter(isFolder)];
  expect(named.toSorted()).toEqual(folders.map((name) => `${name}/`).toSorted());
});
