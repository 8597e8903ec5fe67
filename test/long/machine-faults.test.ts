// The machine that Postseal runs on does wrong: no file descriptors, no room on the disk, a clock that jumps,
// certificate files that are gone. Mail waits or passes, nothing passes unsigned, and all is well again afterwards.
//
//   client ──► Postseal ──► embedded return port
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { clock } from '../support/jumping-clock.js';
import { describeWithPeers, peer } from '../support/peers.js';
import { until } from '../support/postfix.js';
import { openFiles } from '../support/process.js';
import { record } from '../support/record.js';
import { SigningService } from '../support/signing-service.js';
import { cpuTime } from '../bench/proc.js';

let service: SigningService;

afterEach(async () => {
  await service.remove();
});

/** Sends some at once. @returns how often each reply came: what is particular about one left out */
async function replies(prefix: string, count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const reply = await service.send(`${prefix}${i}`);
      const key = /\b([245]\d\d [245]\.\d\.\d)/.exec(reply)?.[1] ?? reply;
      counts[key] = (counts[key] ?? 0) + 1;
    }),
  );
  return counts;
}

const unsigned = (): number =>
  service.returnPort.messages.filter(m => !m.content.includes('multipart/signed')).length;

/** Records it, and how many arrived unsigned. */
const note = (name: string, values: Readonly<Record<string, unknown>>): void => {
  record(name, { unsigned: unsigned(), ...values });
};

/** The last reply of the journal to a message. */
const journalOf = (id: string): string => service.process.lines(`${id}: `).at(-1)?.replace(/^\S+ /, '') ?? '';

describeWithPeers('file descriptors', ['prlimit'], () => {
  const limit = (count: number): void => {
    execFileSync(peer('prlimit'), ['--pid', String(service.process.pid), `--nofile=${count}:`]);
  };

  for (const left of [0, 1, 5]) {
    test(`${left} left: clients are turned away or told to come again, and served once there are more`, async () => {
      service = await SigningService.start(d => ({ sections: `[events]\nfile = ${d}/events.json\n` }));
      expect(await service.send('BEFORE')).toMatch(/^250 /);
      service.returnPort.drop();
      await until('the connection to be gone', () => service.returnPort.open === 0);
      const before = openFiles(service.process.pid);
      limit(before + left);
      const during = await replies('DURING', 20);
      service.process.signal('SIGHUP');
      await until('the reload', () => service.process.lines('reload').length > 0);
      limit(1000);
      const after = await replies('AFTER', 20);
      service.process.signal('SIGHUP');
      const lines = await until('the reload', () => {
        const reloads = service.process.lines('reloaded in');
        return reloads.length > 0 && service.process.lines('postseal: ');
      });
      note('emfile', { left, during, after, journal: [...new Set(lines.map(l => l.slice(25)))] });
      for (const reply of Object.keys(during))
        expect(reply).toMatch(/^250|^4\d\d|connection (lost|closed)|ECONNRESET/);
      expect(after).toEqual({ '250 2.0.0': 20 });
      expect(unsigned()).toBe(0);
      const events = await until(
        'the events',
        () => {
          const text = readFileSync(join(service.directory, 'events.json'), 'utf8').trimEnd().split('\n');
          return text.length >= 21 && text;
        },
        30_000,
      );
      for (const event of events) JSON.parse(event);
    });
  }
});

describeWithPeers('disk full', ['mount'], () => {
  /** What is on the disk that has no room; the journal is a file here, as where no systemd takes it. */
  for (const full of ['journal', 'debug journal and events'] as const) {
    test(`${full}: mail passes, events wait for room, the journals go on`, { timeout: 60_000 }, async () => {
      const disk = mkdtempSync(join(tmpdir(), 'postseal-disk-'));
      execFileSync(peer('mount'), ['-t', 'tmpfs', '-o', 'size=2m', 'postseal-test', disk]);
      let elsewhere = '';
      try {
        service = await SigningService.start(directory => {
          elsewhere = directory;
          const at = full === 'journal' ? directory : disk;
          return {
            journal: join(full === 'journal' ? disk : directory, 'journal'),
            sections: `[journal]\ndebug = yes\ndebug_file = ${at}/debug.json\n[events]\nfile = ${at}/events.json\n`,
          };
        });
        const lines = (name: string): string[] =>
          readFileSync(join(full === 'journal' ? elsewhere : disk, name), 'utf8')
            .trimEnd()
            .split('\n');
        const before = await replies('BEFORE', 5);
        expect(() => {
          for (;;) appendFileSync(join(disk, 'filler'), 'x'.repeat(512));
        }).toThrow(/ENOSPC/);
        const during = await replies('DURING', 40);
        rmSync(join(disk, 'filler'));
        const after = await replies('AFTER', 5);
        const events = await until('the events', () => {
          const all = lines('events.json');
          return all.length >= 50 && all;
        });
        const journal = await until('the journal to go on', () => {
          const all = service.process.lines('AFTER');
          return all.length === 5 && all;
        });
        note('disk-full', {
          ...{ full, before, during, after, events: events.length, journalAfter: journal.length },
          journalDuring: service.process.lines('DURING').length,
          lost: service.process.lines('lost').map(line => line.slice(25)),
        });
        for (const reply of [before, during, after]) expect(Object.keys(reply)).toEqual(['250 2.0.0']);
        expect(unsigned()).toBe(0);
        const ids = events.map(line => (JSON.parse(line) as { queueId: string }).queueId);
        expect(new Set(ids).size).toBe(50);
        expect(ids).toHaveLength(50);
        expect(lines('debug.json').filter(line => line.includes('AFTER'))).not.toEqual([]);
        if (full !== 'journal')
          expect(service.process.lines('lines of the debug journal are lost: ENOSPC')).toHaveLength(1);
        // The line that the disk had half of is alone.
        expect(service.process.lines('').filter(line => /.\d{4}-\d\d-\d\dT\S+Z /.test(line))).toEqual([]);
        expect(service.process.lines('Warning')).toEqual([]);
      } finally {
        execFileSync('umount', ['-l', disk]);
        rmSync(disk, { recursive: true });
      }
    });
  }
});

describe('clock', () => {
  const [hour, day] = [3_600_000, 86_400_000];
  const jumps = [
    ['an hour ahead', hour, /^250 /],
    ['an hour back', -hour, /^250 /],
    ['beyond the end of the certificate', 400 * day, /451 4\.7\.5 S\/MIME certificate is expired/],
    ['before its beginning', -400 * day, /451 4\.7\.5 S\/MIME certificate is not yet valid/],
    ['to 1970', -Date.now(), /451 4\.7\.5 S\/MIME certificate is not yet valid/],
    ['beyond 2106', 90 * 365 * day, /451 4\.7\.5 S\/MIME certificate is expired/],
    ['back to the right time', 0, /^250 /],
  ] as const;

  test('jumps: what cannot be signed by it waits', { timeout: 60_000 }, async () => {
    service = await SigningService.start(d => ({
      nodeArguments: ['--import', clock(join(d, 'clock'))],
      sections: `[events]\nfile = ${d}/events.json\n`,
    }));
    for (const [i, [name, offset, expected]] of jumps.entries()) {
      writeFileSync(join(service.directory, 'clock'), String(offset));
      const told = service.process.lines('clock jumps').length;
      service.process.signal('SIGUSR2');
      await until('the jump', () => service.process.lines('clock jumps').length > told);
      const reply = await service.send(`JUMP${i}`);
      const [before, arrived] = [cpuTime(service.process.pid), service.returnPort.messages.length];
      await new Promise(resolve => setTimeout(resolve, 300));
      const busy = cpuTime(service.process.pid) - before;
      note('clock', { jump: name, reply, arrived, busy, journal: journalOf(`JUMP${i}`) });
      expect(reply, name).toMatch(expected);
      // No timer runs wild.
      expect(busy, name).toBeLessThan(200);
    }
    expect(service.returnPort.messages).toHaveLength(3);
    expect(unsigned()).toBe(0);
  });

  test('stands still while the machine is suspended: mail that was under way arrives once', async () => {
    service = await SigningService.start(() => ({ service: 'timeout = 1\n' }));
    expect(await service.send('BEFORE')).toMatch(/^250 /);
    service.process.signal('SIGSTOP');
    const sent = service.send('DURING');
    await new Promise(resolve => setTimeout(resolve, 2500));
    service.process.signal('SIGCONT');
    const reply = await sent;
    const again = reply.startsWith('250') ? reply : await service.send('DURING');
    note('suspend', { reply, again, arrived: service.returnPort.messages.length });
    expect(again).toMatch(/^250 /);
    expect(service.returnPort.messages).toHaveLength(2);
    expect(unsigned()).toBe(0);
  });
});

describe('certificate files', () => {
  /** What is done to the file of bert's certificate, and what his mail hears then, before and after a reload. */
  const cases = [
    {
      what: 'removed',
      act: (file: string) => {
        rmSync(file);
      },
      after: /^.*451 4\.7\.5 /,
    },
    {
      what: 'cut in half',
      act: (file: string) => {
        writeFileSync(file, readFileSync(file, 'utf8').slice(0, 2000));
      },
      after: /451 4\.7\.5 /,
    },
    {
      what: 'emptied',
      act: (file: string) => {
        writeFileSync(file, '');
      },
      after: /451 4\.7\.5 /,
    },
    {
      what: 'made a directory',
      act: (file: string) => {
        rmSync(file);
        mkdirSync(file);
      },
      after: /451 4\.7\.5 |^250 /,
    },
    {
      what: 'replaced at once',
      act: (file: string) => {
        renameSync(`${file}.other`, file);
      },
      after: /^250 /,
    },
    {
      what: 'replaced in pieces',
      act: (file: string) => {
        const text = readFileSync(`${file}.other`, 'utf8');
        writeFileSync(file, '');
        for (let i = 0; i < text.length; i += 500) appendFileSync(file, text.slice(i, i + 500));
        rmSync(`${file}.other`);
      },
      after: /^250 /,
    },
  ] as const;

  for (const watch of ['no', 'yes'] as const) {
    for (const { what, act, after } of cases) {
      test(`${what}, watch = ${watch}: signed as before until it is read again, then signed or waiting`, async () => {
        service = await SigningService.start((d, pki) => {
          mkdirSync(join(d, 'staff'));
          const issue = (name: string, serial: string): string =>
            pki.issue({ name, serial, addresses: ['bert@example.com'] }).pem;
          renameSync(issue('bert', '0B01'), join(d, 'staff', 'bert.pem'));
          renameSync(issue('other', '0B02'), join(d, 'staff', 'bert.pem.other'));
          return {
            sections: `[certificates:staff]\ndirectory = staff\nwatch = ${watch}\n[rule:staff]\nsender = *@example.com\ncertificates = staff\n`,
          };
        });
        expect(await service.send('BEFORE', 'bert@example.com')).toMatch(/^250 /);
        act(join(service.directory, 'staff', 'bert.pem'));
        const atOnce = await service.send('ATONCE', 'bert@example.com');
        if (watch === 'no') service.process.signal('SIGHUP');
        await until('the reload', () => service.process.lines('reloaded in').length > 0);
        const reply = await service.send('AFTER', 'bert@example.com');
        const anna = await service.send('ANNA');
        note('certificate-files', {
          what,
          watch,
          atOnce,
          reply,
          anna,
          journal: journalOf('AFTER'),
          findings: service.process.lines('bert.pem').map(line => line.slice(25)),
        });
        expect(atOnce).toMatch(/^250 /);
        expect(reply).toMatch(after);
        expect(anna).toMatch(/^250 /);
        expect(unsigned()).toBe(0);
      });
    }
  }
});
