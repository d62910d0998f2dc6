import { readdirSync, readFileSync } from "node:fs";

/** The parts of a template that tests use. They are read by its layout, because npm has no Bicep compiler. */
export type Template = {
  path: string;
  text: string;
  /** `initial` is the default, without quotes. */
  params: { name: string; type: string; decorators: string; initial?: string; required: boolean }[];
  outputs: string[];
  modules: { name: string; path: string; params: string[] }[];
  resources: { type: string; version: string }[];
};

export function readTemplates(): Template[] {
  const modules = readdirSync("infra/modules").map((name) => `infra/modules/${name}`);
  return ["infra/main.bicep", ...modules].map(readTemplate);
}

function readTemplate(path: string): Template {
  const text = readFileSync(path, "utf8");
  return {
    path,
    text,
    params: [...text.matchAll(/^((?:@.*\n(?:[ \]].*\n)*)*)param (\w+) (\w+)(?: = '?(.*?)'?)?$/gm)].map(
      ([, decorators = "", name = "", type = "", initial]) => ({
        name,
        type,
        decorators,
        initial,
        required: initial === undefined,
      }),
    ),
    outputs: [...text.matchAll(/^output (\w+) /gm)].map(([, name = ""]) => name),
    modules: [...text.matchAll(/^module (\w+) '(.+)' = (?:if \(.+\) )?\{([\s\S]*?)^\}/gm)].map(
      ([, name = "", file = "", body = ""]) => ({ name, path: `infra/${file}`, params: keysOf(body, 4) }),
    ),
    resources: [...text.matchAll(/^ *resource \w+ '([\w./]+)@([\w-]+)' = /gm)].map(
      ([, type = "", version = ""]) => ({ type, version }),
    ),
  };
}

/** The keys of an object literal, by the indentation of their lines. */
export function keysOf(text: string, indent: number): string[] {
  return [...text.matchAll(new RegExp(`^ {${indent}}(\\w+):`, "gm"))].map(([, key = ""]) => key);
}
