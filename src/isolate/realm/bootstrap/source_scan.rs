//! Scans the texts of bootstrap modules for their imports. The texts have a known style, so no
//! JavaScript parser is needed.

/// The module that exports bindings and ops.
pub const OPS: &str = "ext:core/ops";

/// Returns a text in which characters beyond ASCII are escaped.
pub fn ascii(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            escaped.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// Returns the names of the modules that a module imports.
pub fn imports_of(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("ext:").filter_map(|(at, _)| {
        let quote = text[..at].chars().next_back().filter(|quote| matches!(quote, '"' | '\''))?;
        let before = text[..at - 1].trim_end();
        let is_import = before.ends_with("from") || before.ends_with("import");
        let rest = &text[at..];
        is_import.then(|| &rest[..rest.find(quote).unwrap_or(0)])
    })
}

/// Returns the names that a module uses from `primordials`.
pub fn names_of_primordials(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let taken = text.match_indices("= primordials").chain(text.match_indices("=primordials"));
    let taken = taken.filter_map(|(at, _)| {
        let before = text[..at].trim_end();
        before.ends_with('}').then(|| before.len() - 1)
    });
    let taken = taken.flat_map(|end| {
        let start = text[..end].rfind('{').map_or(end, |start| start + 1);
        let lines = text[start..end].lines().map(|line| line.split("//").next().unwrap_or(line));
        lines
            .flat_map(|line| line.split(','))
            .map(|name| name.split(':').next().unwrap_or(name).trim())
    });
    let read = text.match_indices("primordials.").map(|(at, found)| {
        let rest = &text[at + found.len()..];
        &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())]
    });
    taken.chain(read).filter(|name| !name.is_empty() && name.chars().all(is_name)).collect()
}

/// Returns the names that a module imports from [`OPS`].
pub fn imports_of_ops(text: &str) -> Vec<&str> {
    let Some(end) = text.find(&format!("from \"{OPS}\"")).or(text.find(&format!("from '{OPS}'")))
    else {
        return Vec::new();
    };
    let Some(start) = text[..end].rfind("import ") else { return Vec::new() };
    let clause = text[start + "import ".len()..end].trim();
    if let Some(namespace) = clause.strip_prefix("* as ") {
        let pattern = format!("{}.", namespace.trim());
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        return text
            .match_indices(&pattern)
            .filter(|(at, _)| !text[..*at].ends_with(is_name))
            .map(|(at, _)| &text[at + pattern.len()..])
            .map(|rest| &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())])
            .collect();
    }
    let lines = clause.trim_start_matches('{').trim_end_matches('}').lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or(line));
    let names = lines.flat_map(|line| line.split(','));
    let names = names.map(|name| name.split(" as ").next().unwrap_or(name).trim());
    names.filter(|name| !name.is_empty()).collect()
}
