import { expect, test } from 'vitest';
import { UserError } from '../../../local/base/user-error.ts';
import { withoutCredentials } from '../../../local/elasticsearch/own-elasticsearch.ts';

test('a URL is shown without user name, password and query', () => {
  const shown = {
    'https://elastic:secret@search.example:9243/': 'https://search.example:9243',
    'http://127.0.0.1:9200/proxy?api_key=secret': 'http://127.0.0.1:9200/proxy',
  };
  for (const [url, expected] of Object.entries(shown)) expect(withoutCredentials(url)).toBe(expected);
});

test('what is not a URL is rejected and not repeated, because it may contain a password', () => {
  for (const url of ['elastic:secret@host', '127.0.0.1:9200', 'ftp://user:secret@host', '']) {
    expect(() => withoutCredentials(url), url).toThrow(UserError);
    expect(() => withoutCredentials(url), url).not.toThrow(/secret/);
  }
});
