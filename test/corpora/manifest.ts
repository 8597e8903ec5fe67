// Where the real messages come from: the test suites of mail programs and MIME parsers, as published. Debian's
// in whatever version the machine's Debian has, npm's in the version named. None is part of this repository.

export interface Source {
  readonly registry: 'debian' | 'npm';
  /** The source package, or the npm package with its version. */
  readonly package: string;
  /** Paths of the files wanted, below the top directory of the archive; `*` matches `/` too (tar's wildcards). */
  readonly files: readonly string[];
}

const debian: Record<string, readonly string[]> = {
  aerc: ['worker/lib/testdata/*'],
  'akonadi-mime': ['autotests/*'],
  alot: ['tests/static/mail/*'],
  astroidmail: ['tests/mail/*'],
  bogofilter: ['src/tests/inputs/*'],
  'commons-email': ['src/test/resources/eml/*'],
  dkimpy: ['dkim/tests/data/*'],
  'flufl.bounce': ['flufl/bounce/tests/data/*'],
  git: ['t/t5100/*', 't/t4252/*', 't/t4256/*', 't/t4258/*'],
  gmime: ['tests/*.msg', 'tests/data/*'],
  'golang-github-jhillyerd-enmime': ['testdata/*'],
  grepmail: ['t/mailboxes/*'],
  hyperkitty: ['hyperkitty/tests/testdata/*'],
  'kdepim-addons': ['plugins/*autotests/data*'],
  'kf5-messagelib': ['*/autotests/data/*', 'messageviewer/src/*/data/*'],
  kmail: ['src/autotests/*.mbox'],
  kmime: ['autotests/data/*'],
  'libemail-filter-perl': ['t/*'],
  'libemail-folder-perl': ['t/*'],
  'libemail-mime-attachment-stripper-perl': ['t/Mail/*'],
  'libemail-mime-perl': ['t/Mail/*'],
  'libemail-outlook-message-perl': ['t/files/*'],
  'libemail-simple-perl': ['t/test-mails/*'],
  'libmail-box-perl': ['t/folders/mbox.src'],
  'libmail-deliverystatus-bounceparser-perl': ['t/corpus/*'],
  'libmail-dkim-perl': ['t/corpus/*'],
  'libmail-gnupg-perl': ['t/msg/*'],
  'libmail-mbox-messageparser-perl': ['t/mailboxes/*'],
  'libmail-message-perl': ['t/*.mbox'],
  'libmail-thread-perl': ['t/*'],
  'libmime-explode-perl': ['testmsgs/*'],
  'libmime-tools-perl': ['testmsgs/*.msg', 'testin/*.msg'],
  mailagent: ['agent/test/*'],
  mailman3: ['src/mailman/*/tests/*'],
  mimetic: ['test/*.msg'],
  namazu2: ['tests/data/*'],
  notmuch: ['test/corpora/*'],
  'php-horde-crypt': ['*fixtures/*'],
  'php-horde-imap-client': ['*fixtures/*'],
  'php-horde-imp': ['*fixtures/*'],
  'php-horde-mime': ['*fixtures/*'],
  'public-inbox': ['t/*.eml', 't/data/*'],
  'python3.11': ['Lib/test/test_email/data/*'],
  redmine: ['test/fixtures/mail_handler/*'],
  'request-tracker4': ['t/data/emails/*', 't/data/gnupg/emails/*', 't/data/smime/mails/*'],
  rspamd: ['test/functional/messages/*'],
};

const npm: Record<string, readonly string[]> = {
  'eml-format@0.6.1': ['test/fixtures/*'],
  'Haraka@2.8.28': ['tests/mail_specimen/*'],
  'mailparser@0.6.2': ['test/*.eml'],
};

const listed = (registry: Source['registry'], packages: Record<string, readonly string[]>): Source[] =>
  Object.entries(packages).map(([name, files]) => ({ registry, package: name, files }));

export const sources: readonly Source[] = [...listed('debian', debian), ...listed('npm', npm)];
