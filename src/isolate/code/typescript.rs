//! Strips the types of TypeScript from a text, on a thread of its own: swc recurses on the native
//! stack as deep as the text is nested, and takes exponential time for some texts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use deno_ast::swc::ast::{
    ArrayLit, BlockStmt, Class, ClassMember, Expr, ExprOrSpread, FnExpr, ObjectLit, ObjectPat,
    ObjectPatProp, Program, PropOrSpread, Stmt, TsNamespaceBody,
};
use deno_ast::swc::ecma_visit::{Visit, VisitWith};
use deno_ast::{EmitOptions, MediaType, ParseParams, SourceMapOption};

/// The maximum stack size in bytes. A stack takes address space; memory is committed on use.
const STACK_LIMIT: usize = 1 << 30;
/// The stack size that every text gets.
const STACK_BASE: usize = 8 << 20;
/// The maximum size in bytes of the indentation that swc writes, which grows with the square of the
/// depth.
const INDENT_LIMIT: usize = 128 << 20;
/// The maximum time for one text. swc backtracks in some productions, and takes time exponential in
/// their nesting.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The maximum number of abandoned threads. swc cannot be cancelled.
const ABANDONED_LIMIT: usize = 4;
/// The interval at which the waiting thread checks whether to continue.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

static ABANDONED: AtomicUsize = AtomicUsize::new(0);

/// The function that a text was wrapped into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wrapper {
    /// The text is the body.
    Body,
    /// The text is an expression in parentheses that the function returns.
    Expression,
}

/// JavaScript, and the source map to TypeScript, as JSON.
pub struct Stripped {
    pub text: String,
    pub map: Option<String>,
}

/// Why the types of a text were not stripped.
pub enum Refusal {
    /// It is not TypeScript. The position counts from 1 and includes the line of the wrapper.
    Syntax { line: usize, column: usize, message: String },
    /// The text closes the function or the parentheses of its wrapper.
    EscapesWrapper,
    /// It was not parsed completely, with the reason.
    NotParsed(String),
    /// `should_continue` returned false.
    Stopped,
}

/// Strips the types from a wrapped text. `should_continue` is called every few milliseconds, and
/// false abandons the text.
///
/// # Errors
/// See [`Refusal`].
pub fn strip_types(
    text: String,
    wrapper: Wrapper,
    mut should_continue: impl FnMut() -> bool,
) -> Result<Stripped, Refusal> {
    let not_parsed = |why: String| Err(Refusal::NotParsed(why));
    let stack = stack_for(&text);
    if stack > STACK_LIMIT {
        return not_parsed(format!(
            "it may need {} MiB of stack, and the limit is {} MiB",
            stack >> 20,
            STACK_LIMIT >> 20
        ));
    }
    if ABANDONED.load(Ordering::SeqCst) >= ABANDONED_LIMIT {
        return not_parsed(format!("{ABANDONED_LIMIT} texts before it are still being read"));
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("isolane-typescript".into()).stack_size(stack);
    let thread = thread.spawn(move || {
        // A panic drops the sender.
        let _ = sender.send(strip(&text, wrapper));
    });
    let thread = match thread {
        Ok(thread) => thread,
        Err(error) => return not_parsed(format!("its thread did not start: {error}")),
    };
    let started = Instant::now();
    loop {
        match receiver.recv_timeout(CHECK_INTERVAL) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Disconnected) => return not_parsed("swc panicked".into()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let is_timed_out = started.elapsed() > TIME_LIMIT;
        if !is_timed_out && should_continue() {
            continue;
        }
        abandon(thread);
        if is_timed_out {
            return not_parsed(format!("it took more than {} seconds", TIME_LIMIT.as_secs()));
        }
        return Err(Refusal::Stopped);
    }
}

/// Abandons a thread, and counts it until it ends.
fn abandon(thread: thread::JoinHandle<()>) {
    ABANDONED.fetch_add(1, Ordering::SeqCst);
    let wait = move || {
        let _ = thread.join();
        ABANDONED.fetch_sub(1, Ordering::SeqCst);
    };
    // If this thread does not start, the count stays one too high.
    let _ = thread::Builder::new().stack_size(64 << 10).spawn(wait);
}

/// Returns an upper bound of the stack that swc takes for a text. Each level of its recursion
/// consumes a token of its own. So this adds up, for all tokens, the largest stack use that was
/// measured for a token of the kind, and doubles the sum.
fn stack_for(text: &str) -> usize {
    const SAFETY: usize = if cfg!(debug_assertions) { 16 } else { 2 };
    // Measured: 5.9 KB for parentheses, 2.4 KB for an assignment, 1.1 KB for `do`.
    const BRACKET: usize = 6 << 10;
    const PUNCTUATOR: usize = 5 << 9;
    const NAME: usize = 5 << 8;
    let mut in_name = false;
    let mut weight = 0_usize;
    for byte in text.bytes() {
        let was_in_name = std::mem::replace(
            &mut in_name,
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..),
        );
        weight += match byte {
            b'(' | b'[' | b'{' | b'<' => BRACKET,
            _ if in_name && was_in_name => 0,
            _ if in_name => NAME,
            b')' | b']' | b'}' | 0..=b' ' => 0,
            _ => PUNCTUATOR,
        };
    }
    STACK_BASE + weight.saturating_mul(SAFETY)
}

fn strip(text: &str, wrapper: Wrapper) -> Result<Stripped, Refusal> {
    let parsed = deno_ast::parse_script(ParseParams {
        specifier: deno_ast::ModuleSpecifier::parse("file:///task.ts")
            .map_err(|error| Refusal::NotParsed(error.to_string()))?,
        text: text.into(),
        media_type: MediaType::TypeScript,
        capture_tokens: false,
        scope_analysis: false,
        maybe_syntax: None,
    })
    .map_err(|error| {
        let at = error.display_position();
        let message = error.kind.msg().into_owned();
        Refusal::Syntax { line: at.line_number, column: at.column_number, message }
    })?;
    let program = parsed.program();
    if !is_one_function(&program, wrapper) {
        return Err(Refusal::EscapesWrapper);
    }
    let mut indent = Indent::default();
    program.visit_with(&mut indent);
    if indent.bytes > INDENT_LIMIT {
        return Err(Refusal::NotParsed("it is nested too deep".into()));
    }
    drop(program);
    let emit = EmitOptions {
        source_map: SourceMapOption::Separate,
        inline_sources: false,
        // V8 and swc may disagree on where a comment ends.
        remove_comments: true,
        ..Default::default()
    };
    let source = parsed
        .transpile(&Default::default(), &Default::default(), &emit)
        .map_err(|error| Refusal::NotParsed(error.to_string()))?
        .into_source();
    Ok(Stripped { text: source.text, map: source.source_map })
}

/// Whether a script is the wrapper function and nothing else.
fn is_one_function(program: &Program, wrapper: Wrapper) -> bool {
    let Program::Script(script) = program else { return false };
    let [Stmt::Expr(statement)] = script.body.as_slice() else { return false };
    let Expr::Paren(inner) = &*statement.expr else { return false };
    let Expr::Fn(FnExpr { function, .. }) = &*inner.expr else { return false };
    let statements = function.body.as_ref().map_or(&[][..], |body| &body.stmts);
    match (wrapper, statements) {
        (Wrapper::Body, _) => true,
        (Wrapper::Expression, [Stmt::Return(statement)]) => {
            statement.arg.as_deref().is_some_and(Expr::is_paren)
        }
        (Wrapper::Expression, _) => false,
    }
}

/// An upper bound of the indentation that a program is printed with.
#[derive(Default)]
struct Indent {
    depth: usize,
    bytes: usize,
}

impl Indent {
    const WIDTH: usize = 4;

    fn line<T: VisitWith<Self>>(&mut self, node: &T) {
        self.bytes = self.bytes.saturating_add(self.depth * Self::WIDTH);
        node.visit_children_with(self);
    }

    fn inside<T: VisitWith<Self>>(&mut self, node: &T) {
        self.depth += 1;
        // The line with the closing bracket.
        self.line(node);
        self.depth -= 1;
    }
}

impl Visit for Indent {
    fn visit_stmt(&mut self, node: &Stmt) {
        // `if (1) if (1) …` is indented as well.
        self.inside(node);
    }

    fn visit_block_stmt(&mut self, node: &BlockStmt) {
        self.inside(node);
    }

    fn visit_ts_namespace_body(&mut self, node: &TsNamespaceBody) {
        self.inside(node);
    }

    fn visit_class(&mut self, node: &Class) {
        self.inside(node);
    }

    fn visit_class_member(&mut self, node: &ClassMember) {
        self.line(node);
    }

    fn visit_array_lit(&mut self, node: &ArrayLit) {
        self.inside(node);
    }

    fn visit_expr_or_spread(&mut self, node: &ExprOrSpread) {
        self.line(node);
    }

    fn visit_object_lit(&mut self, node: &ObjectLit) {
        self.inside(node);
    }

    fn visit_prop_or_spread(&mut self, node: &PropOrSpread) {
        self.line(node);
    }

    fn visit_object_pat(&mut self, node: &ObjectPat) {
        self.inside(node);
    }

    fn visit_object_pat_prop(&mut self, node: &ObjectPatProp) {
        self.line(node);
    }
}
