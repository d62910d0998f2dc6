import { readdirSync, readFileSync } from "node:fs";

/** A template, as far as tests ask: read by its layout, since no Bicep compiler is to be had from npm. */
export type Template = {
  path: string;
  text: string;
  params: { name: string; type: string; decorators: string; required: boolean }[];
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
    params: [...text.matchAll(/^((?:@.*\n(?:[ \]].*\n)*)*)param (\w+) (\w+)( =)?/gm)].map(
      ([, decorators = "", name = "", type = "", initial]) => ({
        name,
        type,
        decorators,
        required: !initial,
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

/** The keys of an object literal, by how far its lines are indented. */
export function keysOf(text: string, indent: number): string[] {
  return [...text.matchAll(new RegExp(`^ {${indent}}(\\w+):`, "gm"))].map(([, key = ""]) => key);
}
