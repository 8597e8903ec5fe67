// Who gets in, and that those who do not fill neither journal nor memory.
import { expect, test } from 'vitest';
import { Doorkeeper } from '../../../src/smtp/doorkeeper.js';

let now: number;

/** Lets nobody in. @returns it, and the addresses it told of */
function closed(): { door: Doorkeeper; told: string[] } {
  now = 0;
  const told: string[] = [];
  const tell = (address: string): void => {
    told.push(address);
  };
  return {
    door: new Doorkeeper(
      () => false,
      tell,
      () => now,
    ),
    told,
  };
}

test('who may get in does, and is not spoken of', () => {
  const told: string[] = [];
  const door = new Doorkeeper(
    address => address === '192.0.2.1',
    address => {
      told.push(address);
    },
    () => 0,
  );
  expect(['192.0.2.1', '192.0.2.2'].map(address => door.admits(address))).toEqual([true, false]);
  expect(told).toEqual(['192.0.2.2']);
});

test('a connection that is gone before it was looked at is nobody: it may have left a message behind', () => {
  const told: string[] = [];
  const door = new Doorkeeper(
    () => true,
    address => {
      told.push(address);
    },
    () => 0,
  );
  expect(door.admits(undefined)).toBe(false);
  expect(told).toEqual([]);
});

test('each address is told of once a minute, however often it comes', () => {
  const { door, told } = closed();
  for (now = 0; now < 150_000; now += 1000) {
    door.admits('192.0.2.1');
    if (now >= 30_000) door.admits('192.0.2.2');
  }
  expect(told).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.2', '192.0.2.1']);
});

test('of very many addresses some are told of each minute', () => {
  const { door, told } = closed();
  for (let i = 0; i < 10_000; i++) door.admits(`2001:db8::${i.toString(16)}`);
  expect(told).toHaveLength(100);
  now = 60_000;
  for (let i = 0; i < 10_000; i++) door.admits(`2001:db9::${i.toString(16)}`);
  expect(told).toHaveLength(200);
});
