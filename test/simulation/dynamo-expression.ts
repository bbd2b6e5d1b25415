import { RESERVED_WORDS } from './dynamo-reserved-words.ts';

/**
 * DynamoDB's condition and update expressions, as far as the ledger uses them. They are parsed from the strings that the
 * ledger sends, so that a missing or misspelt condition in the ledger has its effect here.
 */

export type Item = Record<string, unknown>;
export type Values = Record<string, unknown>;

/** DynamoDB's ValidationException. */
export class Invalid extends Error {
  override readonly name = 'ValidationException';
}

export interface Expression<Result> {
  /** The names of the `:values` that it refers to. */
  uses: ReadonlySet<string>;
  apply: (item: Item | undefined, values: Values) => Result;
}

const conditions = new Map<string, Expression<boolean>>();
const updates = new Map<string, Expression<Item>>();

export function condition(text: string): Expression<boolean> {
  return cached(conditions, text, () => new Parser(text).condition());
}

/** Its `apply` returns the changed item. */
export function update(text: string): Expression<Item> {
  return cached(updates, text, () => new Parser(text).update());
}

function cached<T>(cache: Map<string, T>, text: string, make: () => T): T {
  const known = cache.get(text);
  if (known) return known;
  const parsed = make();
  cache.set(text, parsed);
  return parsed;
}

type Test = (item: Item | undefined, values: Values) => boolean;
type Operand = (item: Item | undefined, values: Values) => unknown;
type Change = (item: Item, values: Values) => void;

const COMPARISONS: Record<string, (a: unknown, b: unknown) => boolean> = {
  '=': (a, b) => a === b,
  '<>': (a, b) => a !== b,
  '<': (a, b) => (a as number) < (b as number),
  '<=': (a, b) => (a as number) <= (b as number),
  '>': (a, b) => (a as number) > (b as number),
  '>=': (a, b) => (a as number) >= (b as number),
};

class Parser {
  readonly #tokens: string[];
  readonly #uses = new Set<string>();
  #at = 0;

  constructor(readonly text: string) {
    this.#tokens = text.match(/:?[A-Za-z_][A-Za-z0-9_]*|<=|>=|<>|[=<>(),]|\S/g) ?? [];
  }

  condition(): Expression<boolean> {
    if (this.#tokens.length === 0) throw new Invalid('Invalid expression: the expression can not be empty');
    const apply = this.#or();
    this.#end();
    return { uses: this.#uses, apply };
  }

  update(): Expression<Item> {
    const changes: Change[] = [];
    const touched = new Set<string>();
    const sections = new Set<string>();
    while (this.#at < this.#tokens.length) {
      const section = this.#next().toUpperCase();
      if (sections.has(section)) throw new Invalid(`The "${section}" section can only be used once`);
      sections.add(section);
      do changes.push(this.#change(section, touched));
      while (this.#take(','));
    }
    return {
      uses: this.#uses,
      apply: (item, values) => {
        const after = { ...item };
        for (const change of changes) change(after, values);
        return after;
      },
    };
  }

  #change(section: string, touched: Set<string>): Change {
    const name = this.#attribute();
    if (touched.has(name)) throw new Invalid(`two paths overlap: ${name}`);
    touched.add(name);
    if (section === 'REMOVE') return (item) => delete item[name];
    if (section === 'SET') {
      this.#expect('=');
      const operand = this.#operand();
      return (item, values) => {
        item[name] = operand(item, values);
      };
    }
    const operand = this.#operand();
    if (section === 'ADD') return (item, values) => add(item, name, operand(item, values));
    if (section === 'DELETE') return (item, values) => remove(item, name, operand(item, values));
    throw this.#wrong(section);
  }

  #or(): Test {
    const any = [this.#and()];
    while (this.#take('OR')) any.push(this.#and());
    return (item, values) => any.some((test) => test(item, values));
  }

  #and(): Test {
    const all = [this.#test()];
    while (this.#take('AND')) all.push(this.#test());
    return (item, values) => all.every((test) => test(item, values));
  }

  #test(): Test {
    if (this.#take('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    if (this.#take('attribute_not_exists')) {
      const name = this.#argument();
      return (item) => item?.[name] === undefined;
    }
    if (this.#take('attribute_exists')) {
      const name = this.#argument();
      return (item) => item?.[name] !== undefined;
    }
    const left = this.#operand();
    const compare = COMPARISONS[this.#next()];
    if (!compare) throw this.#wrong('comparison');
    const right = this.#operand();
    return (item, values) => {
      const [a, b] = [left(item, values), right(item, values)];
      // A comparison with a missing attribute, or of different types, is false.
      return a !== undefined && b !== undefined && typeof a === typeof b && compare(a, b);
    };
  }

  #argument(): string {
    this.#expect('(');
    const name = this.#attribute();
    this.#expect(')');
    return name;
  }

  #operand(): Operand {
    if (this.#tokens[this.#at]?.startsWith(':')) {
      const name = this.#next();
      this.#uses.add(name);
      return (_, values) => values[name];
    }
    const name = this.#attribute();
    return (item) => item?.[name];
  }

  #attribute(): string {
    const name = this.#next();
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw this.#wrong(name);
    if (RESERVED_WORDS.has(name.toLowerCase()))
      throw new Invalid(`Attribute name is a reserved keyword; reserved keyword: ${name}`);
    return name;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== token.toUpperCase()) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#wrong(this.#tokens[this.#at] ?? 'the end');
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#wrong('the end');
    return token;
  }

  #end(): void {
    if (this.#at < this.#tokens.length) throw this.#wrong(this.#tokens[this.#at] as string);
  }

  #wrong(token: string): Invalid {
    return new Invalid(`Invalid expression: Syntax error; token: ${token}, in: ${this.text}`);
  }
}

function add(item: Item, name: string, by: unknown): void {
  const before = item[name];
  if (typeof by === 'number' && (before === undefined || typeof before === 'number')) {
    item[name] = (before ?? 0) + by;
  } else if (by instanceof Set && (before === undefined || before instanceof Set)) {
    item[name] = new Set([...(before ?? []), ...by]);
  } else {
    throw new Invalid(`ADD of a ${typeof by} to ${name}, a ${typeof before}`);
  }
}

function remove(item: Item, name: string, gone: unknown): void {
  const before = item[name];
  if (!(gone instanceof Set)) throw new Invalid(`DELETE from ${name} of what is no set`);
  if (!(before instanceof Set)) return;
  const after = new Set([...before].filter((element) => !gone.has(element)));
  // DynamoDB has no empty sets.
  if (after.size > 0) item[name] = after;
  else delete item[name];
}
