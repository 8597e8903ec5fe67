// What a message asks for in its request header: any spelling of true and false, and what is neither.
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../../src/rules/request.js';

const read = (...bodies: string[]) =>
  readRequest('X-Postseal-Sign', { fields: bodies.map(body => ({ name: 'x-postseal-sign', body })) });

describe('a signature is', () => {
  const yes = ['true', 'TRUE', 't', 'Yes', 'y', 'on', '1', 'sign', ' true\t', '"true"', '" On "'];
  const comments = ['true (asked by (the) "app)', '(a \\) b) yes', 'Yes(!)', '"y" (or not)'];
  test.each([...yes, ...comments])('asked for by %j', body => {
    expect(read(body)).toEqual({ asked: true });
  });

  const no = ['false', 'False', 'F', 'no', 'N', 'OFF', '0', 'none', 'never', "\t'no'".replaceAll("'", '"')];
  test.each([...no, '(true) false', 'false (it is "private)'])('refused by %j', body => {
    expect(read(body)).toEqual({ asked: false });
  });

  test('asked for by several fields that agree', () => {
    expect(read('true', 'Yes', '1')).toEqual({ asked: true });
  });
});

test('nothing is asked for without the field, or where none is read', () => {
  expect(read()).toEqual({});
  const fields = [{ name: 'x-postseal-sign', body: 'false' }];
  expect(readRequest(undefined, { fields })).toEqual({});
  expect(readRequest('X-Sign', { fields })).toEqual({});
  expect(readRequest('x-POSTSEAL-sign', { fields })).toEqual({ asked: false });
});

describe('nothing is asked for by what cannot be understood, and it is told:', () => {
  test.each(['', 'maybe', 'true false', 'tru e', '"tr"ue', '2', '(true)', '"true', 'true)', 'wahr'])(
    '%j',
    body => {
      expect(read(body)).toEqual({ warning: `X-Postseal-Sign is neither true nor false: "${body}"` });
    },
  );

  test('a long text, of which the beginning is told', () => {
    expect(read('x'.repeat(1000)).warning).toBe(
      `X-Postseal-Sign is neither true nor false: "${'x'.repeat(40)}"`,
    );
  });

  test('fields that contradict one another', () => {
    expect(read('true', 'false')).toEqual({ warning: 'X-Postseal-Sign is both true and false' });
    expect(read('true', 'maybe')).toEqual({ warning: 'X-Postseal-Sign is neither true nor false: "maybe"' });
  });
});
