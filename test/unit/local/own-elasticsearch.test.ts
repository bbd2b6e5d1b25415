import { describe, expect, it } from 'vitest';
import { UserError } from '../../../local/base/user-error.ts';
import { withoutCredentials } from '../../../local/elasticsearch/own-elasticsearch.ts';

describe('withoutCredentials', () => {
  it('shows where, never who', () => {
    expect(withoutCredentials('https://elastic:secret@search.example:9243/')).toBe(
      'https://search.example:9243',
    );
    expect(withoutCredentials('http://127.0.0.1:9200/proxy?api_key=secret')).toBe(
      'http://127.0.0.1:9200/proxy',
    );
  });

  it.each(['elastic:secret@host', '127.0.0.1:9200', 'ftp://user:secret@host', ''])(
    'refuses "%s" silently',
    (url) => {
      expect(() => withoutCredentials(url)).toThrow(UserError);
      expect(() => withoutCredentials(url)).not.toThrow(/secret/);
    },
  );
});
