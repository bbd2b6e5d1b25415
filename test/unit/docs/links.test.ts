import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = join(import.meta.dirname, '../../..');
/** A path below one of the repository's folders, wherever a page names it. */
const PATH = /(?<![\w/.-])(?:bench|cli|docs|functions|infra-cdk|local|plan|test)\/[\w./-]*[\w/]/g;
/** A test file, named without its folder. */
const TEST_FILE = /`([\w-]+\.test\.ts)`/g;
const LINK = /\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g;
/** A function or constant that a page says is in a file. */
const SYMBOL = /`(?:\w+\.)?(\w+)` in\s\[([\w./-]+)\]/g;

const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8');
const tests = readdirSync(join(PROJECT, 'test'), { recursive: true, encoding: 'utf8' });
const testFiles = new Set(tests.map((file) => basename(file)));

/** The anchors that GitHub gives to a page's headings. */
const anchorsOf = (page: string) =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

const isMarkdown = (file: string) => file.endsWith('.md');
const pages = [...readdirSync(PROJECT), ...readdirSync(join(PROJECT, 'docs')).map((name) => `docs/${name}`)];

test.each(pages.filter(isMarkdown))('%s names only files, headings and symbols that exist', (page) => {
  const paths = [...read(page).matchAll(PATH)].filter(([path]) => !existsSync(join(PROJECT, path)));
  const names = [...read(page).matchAll(TEST_FILE)].filter(([, name = '']) => !testFiles.has(name));
  const links = [...read(page).matchAll(LINK)].filter(([, path, anchor]) => {
    const target = path ? join(dirname(page), path) : page;
    return !existsSync(join(PROJECT, target)) || (anchor && !anchorsOf(target).includes(anchor));
  });
  const symbols = [...read(page).matchAll(SYMBOL)].filter(
    ([, symbol = '', file = '']) => !existsSync(join(PROJECT, file)) || !read(file).includes(symbol),
  );
  expect([...paths, ...names, ...links, ...symbols].map(([text]) => text)).toEqual([]);
});
