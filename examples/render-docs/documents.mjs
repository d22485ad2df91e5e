// Finds the documents.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';

// Translations too, such as README.pt-BR.md.
const DOCUMENT = /^(readme|changelog)(\.[\w-]+)?\.(md|markdown|mdown|mkdn?)$/i;

/** Every document below `root`, in the order of their paths. Links are not followed. */
export async function readDocuments(root) {
  const documents = [];
  for await (const file of walk(root)) {
    const content = await readFile(file);
    documents.push({
      path: relative(root, file).split(sep).join('/'),
      packageName: packageOf(file, root),
      markdown: content.toString('utf8'),
      bytes: content.length,
    });
  }
  return documents;
}

async function* walk(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile() && DOCUMENT.test(entry.name)) yield path;
  }
}

/** `name` or `@scope/name`: what follows the last node_modules of the path. */
function packageOf(file, root) {
  const parts = file.split(sep);
  const [scope, name] = parts.slice(parts.lastIndexOf('node_modules') + 1);
  if (!parts.includes('node_modules')) return basename(root);
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}
