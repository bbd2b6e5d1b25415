import { describe, expect, it, test } from 'vitest';
import { UserError } from '../../../local/base/user-error.ts';
import { isAtLeast, printedVersion, type Requirement, requireAll } from '../../../local/requirements.ts';

test('the version that java prints is found in each form', () => {
  for (const [output, version] of [
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', '17.0.15'],
    ['java version "1.8.0_402"\nJava(TM) SE Runtime Environment', '1.8.0_402'],
    ['openjdk version "25-ea" 2025-09-16', '25-ea'],
    ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21" 2023-09-19', '21'],
    ['Unable to locate a Java Runtime.', undefined],
  ] as const) {
    expect(printedVersion(output), output).toBe(version);
  }
});

test('versions are compared by major and minor number', () => {
  for (const [version, major, minor, expected] of [
    ['20.19.0', 20, 19, true],
    ['20.9.0', 20, 19, false],
    ['22.1.0', 20, 19, true],
    ['21', 17, 0, true],
    ['25-ea', 17, 0, true],
    ['1.8.0_402', 17, 0, false],
    ['3.10.0rc1', 3, 10, true],
    ['3.9.18', 3, 10, false],
    ['unknown', 3, 10, false],
  ] as const) {
    expect(isAtLeast(version, [major, minor]), version).toBe(expected);
  }
});

describe('requireAll', () => {
  const found: Requirement = {
    name: 'Python',
    needs: '3.10 or newer',
    install: { debian: 'apt python', macos: 'brew python' },
    ok: true,
    found: '3.11.7',
    path: '/usr/bin/python3',
  };
  const missing = (name: 'Node.js' | 'Java', problem: string): Requirement => ({
    name,
    needs: `the needs of ${name}`,
    install: { debian: `apt ${name}`, macos: `brew ${name}` },
    ok: false,
    problem,
  });

  it('says where each program lies', () => {
    expect(requireAll([found])).toEqual({ Python: '/usr/bin/python3' });
  });

  it('names everything that is missing at once, with its commands, and nothing that is there', () => {
    try {
      requireAll([found, missing('Java', 'java 11 on the PATH'), missing('Node.js', 'node is 18')]);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      const { message, nextStep } = error as UserError;
      expect(message).toContain('Java the needs of Java (java 11 on the PATH)');
      expect(message).toContain('Node.js the needs of Node.js (node is 18)');
      expect(message).not.toContain('Python');
      for (const command of ['apt Java', 'apt Node.js', 'brew Java', 'brew Node.js'])
        expect(nextStep).toContain(command);
    }
  });
});
