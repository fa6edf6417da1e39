"""Finds blocking calls in async functions of Python sources.

Reads a JSON array of sources from standard input and prints a JSON array with one
result for each: a list of [line, function, what, why, remedy], or an object with the
line and the reason why the source cannot be parsed.

A name is resolved to what it was imported as, and a variable to what it was assigned:
`Session()` of requests makes `session.get` a blocking call, aiohttp's does not.
"""

import ast
import json
import sys

THREAD = "await asyncio.to_thread(…)"
FILES = f"use {THREAD} around the whole piece of work"
SLEEPS = "it puts the event loop's thread to sleep"
NETWORK = "the event loop waits for the network"
DISK = "the event loop waits for the disk"
PROCESS = "the event loop waits for the other process"
THREADS = "the event loop waits for another thread"
DATABASE = "the event loop waits for the database"
HTTP = "use aiohttp or httpx.AsyncClient, or " + THREAD
EXEC = "use asyncio.create_subprocess_exec"
VERBS = "get post put patch delete head options request"


def rules(prefix, names, why, remedy):
    return {prefix + name: (why, remedy) for name in names.split()}


# Functions that block, by their full names.
CALLS = {
    "time.sleep": (SLEEPS, "use await asyncio.sleep(…)"),
    "open": (DISK, FILES),
    "io.open": (DISK, FILES),
    "input": ("the event loop waits for the user", f"use {THREAD}"),
    **rules("requests.", VERBS, NETWORK, HTTP),
    **rules("httpx.", VERBS + " stream", NETWORK, "use httpx.AsyncClient"),
    **rules("urllib.request.", "urlopen urlretrieve", NETWORK, HTTP),
    **rules("socket.", "create_connection", NETWORK, "use asyncio.open_connection"),
    **rules("socket.", "getaddrinfo gethostbyname gethostbyaddr", NETWORK, "use loop.getaddrinfo"),
    **rules("subprocess.", "run call check_call check_output getoutput getstatusoutput", PROCESS, EXEC),
    **rules("os.", "system popen wait waitpid", PROCESS, EXEC),
    **rules("os.", "listdir scandir walk remove unlink rename replace mkdir makedirs rmdir stat", DISK, FILES),
    **rules("shutil.", "copy copy2 copyfile copytree move rmtree make_archive", DISK, FILES),
    **rules("sqlite3.", "connect", DATABASE, f"use aiosqlite, or {THREAD}"),
    **rules("concurrent.futures.", "wait", THREADS, "wrap each future with asyncio.wrap_future and await it"),
    **rules("asyncio.", "run", "it raises RuntimeError, because an event loop is running", "await the coroutine"),
}

LOCKS = "Lock RLock Condition Semaphore BoundedSemaphore"
FUTURE = ("concurrent.futures.Future", "result exception")

# Methods that block, by the type of the object.
METHODS = {}
for kinds, names, why, remedy in [
    ("requests.Session requests.session", VERBS + " send", NETWORK, HTTP),
    ("httpx.Client", VERBS + " send stream", NETWORK, "use httpx.AsyncClient"),
    ("http.client.HTTPConnection http.client.HTTPSConnection", "connect request getresponse", NETWORK, HTTP),
    ("socket.socket", "connect accept recv recv_into recvfrom send sendall sendto", NETWORK, "use asyncio's streams"),
    ("subprocess.Popen", "wait communicate", PROCESS, EXEC),
    ("queue.Queue queue.LifoQueue queue.PriorityQueue queue.SimpleQueue", "get join", THREADS, "use asyncio.Queue"),
    ("multiprocessing.Queue", "get join", PROCESS, f"use {THREAD}"),
    (" ".join(f"threading.{lock}" for lock in LOCKS.split()), "acquire wait wait_for", THREADS, "use asyncio's lock"),
    ("threading.Event", "wait", THREADS, "use asyncio.Event"),
    ("threading.Barrier", "wait", THREADS, "use asyncio.Barrier"),
    ("threading.Thread", "join", THREADS, f"use {THREAD} for its work"),
    (FUTURE[0], FUTURE[1], THREADS, "use await asyncio.wrap_future(…)"),
    ("sqlite3.connect", "execute executemany executescript commit rollback backup", DATABASE, f"use aiosqlite, or {THREAD}"),
    ("sqlite3.Cursor", "execute executemany executescript fetchone fetchmany fetchall", DATABASE, f"use aiosqlite, or {THREAD}"),
    ("pathlib.Path", "open read_text read_bytes write_text write_bytes unlink mkdir rename rglob iterdir stat", DISK, FILES),
    ("asyncio.loop", "run_until_complete run_forever", "it raises RuntimeError, because the loop is running", "await the coroutine"),
]:
    for kind in kinds.split():
        METHODS.setdefault(kind, {}).update({name: (why, remedy) for name in names.split()})

# Methods that block whatever the type: no other type has them.
ANYWHERE = rules("", "read_text read_bytes write_text write_bytes", DISK, FILES)

# Functions that take coroutines: what is called for an argument is an async function.
SPAWNS = set("create_task ensure_future gather run_coroutine_threadsafe shield start_soon wait_for Task".split())

# The type of what a method returns.
MAKES = {
    ("concurrent.futures.ThreadPoolExecutor", "submit"): FUTURE[0],
    ("concurrent.futures.ProcessPoolExecutor", "submit"): FUTURE[0],
    ("sqlite3.connect", "cursor"): "sqlite3.Cursor",
    ("sqlite3.connect", "execute"): "sqlite3.Cursor",
    ("pathlib.Path", "resolve"): "pathlib.Path",
    ("pathlib.Path", "with_suffix"): "pathlib.Path",
}

# The type of what a function returns, if it is not a class of that name.
RETURNS = {
    "asyncio.run_coroutine_threadsafe": FUTURE[0],
    **dict.fromkeys(["asyncio.get_running_loop", "asyncio.get_event_loop", "asyncio.new_event_loop"], "asyncio.loop"),
}


def dotted(node):
    """`a.b.c` as a list of names, or None."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return [node.id, *reversed(names)]


def own(body):
    """The nodes of a body in source order, without the insides of functions, lambdas and classes."""
    apart = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
    for node in body:
        yield node
        if not isinstance(node, apart):
            yield from own(ast.iter_child_nodes(node))


def says(call, name, *values):
    """True if a call has a keyword with one of these values."""
    return any(
        keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value in values
        for keyword in call.keywords
    )


class Scope:
    """What names mean in a module or a function: imports, types, and all that is bound."""

    def __init__(self, outer):
        self.outer = outer
        self.imports, self.types, self.bound = {}, {}, set()

    def find(self, name):
        """The scope in which a name is bound."""
        scope = self
        while scope is not None and name not in scope.bound:
            scope = scope.outer
        return scope


class Linter(ast.NodeVisitor):
    """Walks one module."""

    def __init__(self):
        self.found = []
        self.scope = None
        # The name of the async function, or None in code that runs elsewhere.
        self.function = None
        # Types of attributes, by name: `self.queue = queue.Queue()`. A name with two types has none.
        self.attributes = {}
        # Sockets that were made non-blocking, and queues without a bound.
        self.harmless, self.bounded = set(), set()
        # True if `read_text` is a method of pathlib's paths.
        self.pathlib = False
        # Calls that create coroutines, by node.
        self.coroutines = set()

    # Scopes and types ----------------------------------------------------------

    def enter(self, body, arguments=()):
        """Reads what a body binds. Types come from assignments anywhere in it: code is seldom written to fool a linter."""
        self.scope = Scope(self.scope)
        for argument in arguments:
            self.scope.bound.add(argument.arg)
            self.give(ast.Name(argument.arg), self.annotated(argument.annotation))
        nodes = list(own(body))
        for node in nodes:
            self.bind(node)
        for node in nodes:
            self.learn(node)

    def bind(self, node):
        """Adds the names that a statement binds to the scope."""
        names = {}
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self.scope.bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self.scope.bound.add(node.id)
        self.scope.imports.update(names)
        self.scope.bound.update(names)

    def learn(self, node):
        """Takes the type of a variable from an assignment, a `with` or an annotation."""
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self.give(target, self.type_of(node.value), node.value)
        elif isinstance(node, ast.AnnAssign):
            self.give(node.target, self.annotated(node.annotation) or self.type_of(node.value), node.value)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self.give(node.optional_vars, self.type_of(node.context_expr), node.context_expr)
        elif isinstance(node, ast.NamedExpr):
            self.give(node.target, self.type_of(node.value), node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if (node.func.attr, values) in [("setblocking", [False]), ("settimeout", [0])]:
                self.harmless.add(ast.unparse(node.func.value))

    def give(self, target, kind, value=None):
        if isinstance(target, ast.Name) and kind is not None:
            self.scope.types[target.id] = kind
        elif isinstance(target, ast.Attribute):
            known = self.attributes.setdefault(target.attr, kind)
            if known != kind:
                self.attributes[target.attr] = None
        if isinstance(value, ast.Call) and (value.args or value.keywords):
            self.bounded.add(ast.unparse(target))

    def annotated(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return None
        if isinstance(node, ast.BinOp):
            return self.annotated(node.left) or self.annotated(node.right)
        if isinstance(node, ast.Subscript):
            full = self.full(node.value)
            return self.annotated(node.slice) if full in ("typing.Optional",) else full
        full = self.full(node)
        return {"sqlite3.Connection": "sqlite3.connect"}.get(full, full)

    def full(self, node):
        """The full name of what an expression names, with imports followed; None for a variable."""
        names = dotted(node) if node is not None else None
        if names is None:
            return None
        scope = self.scope.find(names[0])
        if scope is None:
            return ".".join(names)
        if names[0] not in scope.imports:
            return None
        full = ".".join([scope.imports[names[0]], *names[1:]])
        return {"concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor"}.get(full, full)

    def type_of(self, node):
        if isinstance(node, ast.Name):
            scope = self.scope.find(node.id)
            return scope.types.get(node.id) if scope is not None else None
        if isinstance(node, ast.Attribute):
            return self.attributes.get(node.attr)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self.type_of(node.left)
        if not isinstance(node, ast.Call):
            return None
        full = self.full(node.func)
        if full is not None:
            return RETURNS.get(full, full)
        if isinstance(node.func, ast.Attribute):
            return MAKES.get((self.type_of(node.func.value), node.func.attr))
        return None

    # The walk ------------------------------------------------------------------

    def visit_Module(self, node):
        self.enter(node.body)
        # Attributes are assigned in classes and their methods, often below the code that uses them.
        for part in ast.walk(node):
            if isinstance(part, ast.ClassDef):
                self.class_attributes(part)
            elif isinstance(part, ast.Assign):
                for target in part.targets:
                    if isinstance(target, ast.Attribute):
                        self.give(target, self.type_of(part.value), part.value)
            elif isinstance(part, (ast.Import, ast.ImportFrom)):
                names = [getattr(part, "module", None), *(alias.name for alias in part.names)]
                self.pathlib = self.pathlib or "pathlib" in names
        self.generic_visit(node)

    def class_attributes(self, node):
        for part in node.body:
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                self.give(ast.Attribute(ast.Name("self"), part.targets[0].id), self.type_of(part.value), part.value)

    def function_(self, node, name):
        # Decorators and defaults are evaluated outside.
        arguments = node.args
        for outside in [*node.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)]:
            self.visit(outside)
        outer = self.scope, self.function
        self.enter(node.body, [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])
        self.function = name
        for part in node.body:
            self.visit(part)
        self.scope, self.function = outer

    def visit_FunctionDef(self, node):
        self.function_(node, None)

    def visit_AsyncFunctionDef(self, node):
        self.function_(node, node.name)

    def visit_Lambda(self, node):
        # It runs when and where it is called, mostly in a thread.
        outer, self.function = self.function, None
        self.visit(node.body)
        self.function = outer

    def visit_Await(self, node):
        # An awaited call does not block, whatever its name.
        self.awaited(node.value)

    def visit_AsyncWith(self, node):
        for item in node.items:
            self.awaited(item.context_expr)
        for part in node.body:
            self.visit(part)

    def visit_AsyncFor(self, node):
        self.awaited(node.iter)
        for part in [*node.body, *node.orelse]:
            self.visit(part)

    def awaited(self, node):
        if isinstance(node, ast.Call):
            self.generic_visit(node)
        else:
            self.visit(node)

    def visit_With(self, node):
        kinds = [self.type_of(item.context_expr) for item in node.items]
        locks = [kind for kind in kinds if kind is not None and kind in {f"threading.{lock}" for lock in LOCKS.split()}]
        waits = (ast.Await, ast.AsyncFor, ast.AsyncWith)
        line = next((part.lineno for part in own(node.body) if isinstance(part, waits)), None)
        if locks and line is not None:
            why = f"it is held across the await on line {line}, and a thread or task that wants it then blocks its whole thread"
            self.find(node, f"with {locks[0]}", (why, "release it before the await, or use asyncio.Lock"))
        self.generic_visit(node)

    def visit_Call(self, node):
        if getattr(node.func, "attr", getattr(node.func, "id", None)) in SPAWNS:
            self.coroutines.update(map(id, node.args))
        rule = self.rule(node) if self.function is not None else None
        if rule is not None:
            self.find(node, *rule)
        self.generic_visit(node)

    def rule(self, node):
        """What blocks, and why, if a call does."""
        full = self.full(node.func)
        if full in CALLS:
            return full, CALLS[full]
        if not isinstance(node.func, ast.Attribute):
            return None
        name, value = node.func.attr, node.func.value
        kind = self.type_of(value)
        text = ast.unparse(value)
        if name == "put" and (kind or "").startswith("queue.") and text in self.bounded and not self.at_once(node):
            return f"{kind}.put", METHODS[kind]["get"]
        rule = METHODS.get(kind, {}).get(name)
        if kind == "socket.socket" and text in self.harmless or self.at_once(node):
            return None
        if rule is not None:
            return f"{kind.removesuffix('.connect') if kind.startswith('sqlite3') else kind}.{name}", rule
        if name in ANYWHERE and self.pathlib and full is None and kind is None and id(node) not in self.coroutines:
            return f"pathlib.Path.{name}", ANYWHERE[name]
        return None

    @staticmethod
    def at_once(call):
        """True if a call returns at once: `get(block=False)`, `acquire(False)`, `result(timeout=0)`."""
        first = call.args[0] if call.args else None
        refused = isinstance(first, ast.Constant) and first.value is False
        return refused or says(call, "block", False) or says(call, "blocking", False) or says(call, "timeout", 0)

    def find(self, node, what, rule):
        if self.function is not None:
            self.found.append([node.lineno, self.function, what, *rule])


def lint(source):
    try:
        linter = Linter()
        linter.visit(ast.parse(source))
    except SyntaxError as error:
        version = ".".join(map(str, sys.version_info[:2]))
        return {"line": error.lineno, "reason": f"Python {version} cannot parse it: {error.msg}"}
    except (ValueError, RecursionError, MemoryError) as error:
        return {"line": None, "reason": f"Python cannot parse it: {error}"}
    return linter.found


if __name__ == "__main__":
    print(json.dumps([lint(source) for source in json.load(sys.stdin)]))
