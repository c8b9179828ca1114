/** Somebody who uses Backstage in a real Chromium, and takes a picture of each station. */

import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { type Browser, type Locator, type Page, chromium } from 'playwright-core';

const DEMO = resolve(import.meta.dirname, '..');
const PICTURES = join(DEMO, 'build/screenshots');
const PATIENCE_MS = 60_000;
const WIDTH = 1280;
const HEIGHT = 800;

/** Where a Chromium is: `CHROMIUM`, or Debian's, or any on the path. */
export function chromiumHere(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.flatMap(folder => names.map(name => join(folder, name)));
  return [process.env.CHROMIUM, '/usr/bin/chromium', ...found].find(path => path && isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Builds the demo's user interface, where that has not been done since it was changed. */
export function buildApp(): void {
  const made = join(DEMO, 'app/dist/index.html');
  const sources = ['app/package.json', ...filesOf('app/src'), ...filesOf('app/public')];
  const newest = Math.max(...sources.map(file => statSync(join(DEMO, file)).mtimeMs));
  if (!existsSync(made) || statSync(made).mtimeMs < newest) {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: join(DEMO, 'app'), stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(join(DEMO, folder)).map(name => join(folder, name));
}

/** Somebody with a browser, on one page. */
export class Visitor {
  readonly page: Page;
  /** What was sent to the scaffolder to be done: the values of each task. */
  readonly sent: any[] = [];
  readonly #browser: Browser;
  readonly #base: string;
  readonly #said: string[] = [];

  private constructor(browser: Browser, page: Page, base: string) {
    this.#browser = browser;
    this.#base = base;
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('console', message => this.#said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', error => this.#said.push(`error: ${error.stack}`));
    page.on('request', request => {
      if (request.method() === 'POST' && request.url().endsWith('/api/scaffolder/v2/tasks')) {
        this.sent.push(request.postDataJSON());
      }
    });
  }

  /** Comes to a Backstage, and is not signed in yet. */
  static async at(base: string): Promise<Visitor> {
    mkdirSync(PICTURES, { recursive: true });
    const browser = await chromium.launch({
      executablePath: chromiumHere()!,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    return new Visitor(browser, page, base);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }

  async open(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.#base).href);
  }

  /** Comes in as the guest. */
  async signIn(): Promise<void> {
    await this.open('/');
    await this.button('Enter').click();
    await this.page.getByRole('link', { name: 'Create' }).waitFor();
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) });
  }

  /** What the page says, somewhere. */
  text(text: string | RegExp): Locator {
    return this.page.getByText(text).first();
  }

  /** A field of the form, by its label. */
  field(name: string): Locator {
    return this.page.getByLabel(new RegExp(`^${name}\\s*\\*?$`)).first();
  }

  /** What the browser itself says of a field that cannot be sent; empty where it has nothing to say. */
  async complaint(name: string): Promise<string> {
    return await this.field(name).evaluate((field: any) => {
      const input = field.matches('input') ? field : field.querySelector('input');
      return input?.validationMessage ?? '';
    });
  }

  /** Opens a list, and takes one of its choices. */
  async choose(name: string, choice: RegExp): Promise<void> {
    await this.field(name).click();
    await this.page.getByRole('option', { name: choice }).click();
  }

  /** The choices of a list. */
  async choices(name: string): Promise<string[]> {
    await this.field(name).click();
    await this.page.getByRole('option').first().waitFor();
    const offered = await this.page.getByRole('option').allTextContents();
    return offered.map(text => text.trim()).filter(Boolean);
  }

  /** The button that adds an entry to a list, the innermost with that heading. */
  adds(list: string): Locator {
    return this.#list(list).getByTitle('Add Item').last();
  }

  /** The buttons that take an entry out of a list. */
  removes(list: string): Locator {
    return this.#list(list).getByTitle('Remove');
  }

  #list(heading: string): Locator {
    return this.page.locator('.MuiPaper-root .MuiPaper-root', {
      has: this.page.getByRole('heading', { name: heading, exact: true }),
    });
  }

  /** Waits until the form is at a step. */
  async isAt(step: string): Promise<void> {
    await this.page.locator('.MuiStepLabel-label.MuiStepLabel-active', { hasText: new RegExp(`^${step}$`) }).waitFor();
  }

  /** Goes on from step to step until it is at one. */
  async goTo(step: string): Promise<void> {
    const label = this.page.locator('.MuiStepLabel-label.MuiStepLabel-active');
    const last = this.page.locator('.MuiStepLabel-label').last();
    for (;;) {
      const here = await label.textContent();
      if (here === step) {
        return;
      }
      if (here === (await last.textContent())) {
        throw new Error(`the form has no step ${step} after where it was`);
      }
      await this.button(/^(Next|Review)$/).click();
      await label.filter({ hasNotText: new RegExp(`^${here}$`) }).waitFor();
    }
  }

  /** What the review page shows, by the name of the field. */
  async review(): Promise<Map<string, string>> {
    await this.#sends.waitFor();
    const rows = await this.page.locator('tr').all();
    const cells = await Promise.all(rows.map(row => row.locator('td').allInnerTexts()));
    return new Map(cells.filter(row => row.length === 2).map(([name, value]) => [name!.trim(), value!.trim()]));
  }

  get #sends(): Locator {
    return this.button(/^(Create|Publish)$/);
  }

  /** Presses Create, or Publish where it edits, and waits until the task has ended: well, or with what it says in red. */
  async create(): Promise<'done' | string> {
    await this.#sends.click();
    await this.page.waitForURL(/\/create\/tasks\//);
    const done = this.page.getByRole('heading', { name: 'What was published' });
    const refused = this.button('Start Over').and(this.page.locator(':enabled'));
    await done.or(refused).waitFor({ timeout: 3 * PATIENCE_MS });
    return (await done.isVisible()) ? 'done' : await this.page.getByRole('alert').first().innerText();
  }

  /** Waits until the page of the task shows that this many of its steps are done. */
  async hasDone(steps: number): Promise<void> {
    const tick = '[data-testid=step-label] path[d^="M16.59 7.58"]';
    await this.page.locator(tick).nth(steps - 1).waitFor();
  }

  /** Follows a link that opens a page of its own, and goes on there. */
  async follow(link: Locator): Promise<void> {
    const [opened] = await Promise.all([this.page.waitForEvent('popup'), link.click()]);
    await opened.waitForURL(/^http/);
    const target = opened.url();
    await opened.close();
    await this.page.goto(target);
  }

  /** A picture of what is seen now; with `whole`, of everything that one could scroll to. */
  async shoot(name: string, { whole = false } = {}): Promise<void> {
    if (whole) {
      const hidden = await this.page.evaluate(() =>
        Math.max(
          ...[document.documentElement, ...document.querySelectorAll('*')].map(each => {
            each.scrollTop = 0;
            const scrolls = each === document.documentElement || /auto|scroll/.test(getComputedStyle(each).overflowY);
            return scrolls && each.clientHeight > 400 ? each.scrollHeight - each.clientHeight : 0;
          }),
        ),
      );
      await this.page.setViewportSize({ width: WIDTH, height: HEIGHT + Math.ceil(hidden) });
    }
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' });
    await this.page.setViewportSize({ width: WIDTH, height: HEIGHT });
  }

  /** Keeps what can be known of a failure: a picture, and what the browser's console said. */
  async keep(name: string): Promise<string> {
    const base = `failed-${name.replace(/\W+/g, '-')}`;
    await this.shoot(base, { whole: true }).catch(() => {});
    writeFileSync(join(PICTURES, `${base}.log`), [this.page.url(), ...this.#said, ''].join('\n'));
    return join(PICTURES, base);
  }
}
