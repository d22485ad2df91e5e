// The handlers of render-docs. Each isolate loads this module once: isolane bundles it with esbuild, so it is
// TypeScript, imports its neighbours and takes `marked` from npm by its bare name.
import { type IndexEntry, indexPage } from './index-page.ts';
import { type Heading, parse } from './markdown.ts';
import { documentPage } from './page.ts';

export interface RenderRequest {
  /** Path of the Markdown file, relative to the root, with forward slashes. */
  path: string;
  markdown: string;
}

export interface RenderResult {
  /** The whole page. */
  html: string;
  title: string;
  toc: Heading[];
  words: number;
  /** Reading time, rounded up. */
  minutes: number;
  codeBlocks: number;
  links: number;
}

export interface IndexRequest {
  root: string;
  entries: IndexEntry[];
}

export default {
  render({ path, markdown }: RenderRequest): RenderResult {
    const { body, ...facts } = parse(markdown);
    const title = facts.toc.find(({ level }) => level === 1)?.text ?? path;
    return { html: documentPage(path, title, body, facts), title, ...facts };
  },

  index({ root, entries }: IndexRequest): string {
    return indexPage(root, entries);
  },
};
