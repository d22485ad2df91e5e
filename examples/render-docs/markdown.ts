// From Markdown to an HTML body and the facts about it.
import { Marked, type Token, type Tokens } from 'marked';

export interface Heading {
  /** 1 to 6, as in h1 to h6. */
  level: number;
  /** Without markup; still to be escaped for HTML. */
  text: string;
  /** Unique in its document. */
  slug: string;
}

export interface Facts {
  toc: Heading[];
  words: number;
  minutes: number;
  codeBlocks: number;
  links: number;
}

const WORDS_PER_MINUTE = 220;

// Chinese and Japanese write no spaces: there each character counts as a word.
const IDEOGRAPH = '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}]';
const LETTER = `(?:(?!${IDEOGRAPH})[\\p{L}\\p{M}\\p{N}])`;
const WORD = new RegExp(`${IDEOGRAPH}|${LETTER}+(?:['’.-]${LETTER}+)*`, 'gu');

export function parse(markdown: string): Facts & { body: string } {
  const headings = new Map<Token, Heading>();
  const slugs = new Set<string>();
  let codeBlocks = 0;
  let links = 0;

  const marked = new Marked({
    renderer: {
      heading(token) {
        const slug = headings.get(token)?.slug ?? '';
        return `<h${token.depth} id="${slug}">${this.parser.parseInline(token.tokens)}</h${token.depth}>\n`;
      },
    },
  });
  const tokens = marked.lexer(markdown);
  marked.walkTokens(tokens, (token) => {
    if (token.type === 'code') codeBlocks += 1;
    if (token.type === 'link') links += 1;
    if (token.type !== 'heading') return;
    const { depth, tokens: inline } = token as Tokens.Heading;
    const text = plainText(inline).replace(/\s+/g, ' ').trim();
    headings.set(token, { level: depth, text, slug: uniqueSlug(text, slugs) });
  });

  const body = marked.parser(tokens);
  const words = countWords(body);
  const minutes = Math.ceil(words / WORDS_PER_MINUTE);
  const toc = [...headings.values()].filter(({ text }) => text !== '');
  return { body, toc, words, minutes, codeBlocks, links };
}

function plainText(tokens: Token[]): string {
  return tokens
    .map((token) => {
      if (token.type === 'html') return '';
      if (token.type === 'br') return ' ';
      if (token.type === 'image') return token.text;
      return 'tokens' in token && token.tokens ? plainText(token.tokens) : (token as Tokens.Text).text;
    })
    .join('');
}

/** The anchor that GitHub gives a heading, so that links within a README keep working. */
function uniqueSlug(text: string, taken: Set<string>): string {
  const base = text
    .toLowerCase()
    .replace(/&#?\w+;|[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replace(/ /g, '-');
  let slug = base || 'section';
  for (let n = 1; taken.has(slug); n += 1) slug = `${base || 'section'}-${n}`;
  taken.add(slug);
  return slug;
}

function countWords(html: string): number {
  const prose = html
    .replace(/<(pre|script|style)[\s>][\s\S]*?<\/\1>|<!--[\s\S]*?-->|<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&#?\w+;/g, ' ');
  return prose.match(WORD)?.length ?? 0;
}
