'use strict';

const { matchesNode, since, differsFromNode } = require('../support/node-parity.js');

matchesNode('AbortController and AbortSignal', {
  'a new signal is not aborted': () => {
    const { signal } = new AbortController();
    return [signal.aborted, signal.reason, signal.onabort, thrownBy(() => signal.throwIfAborted())];
  },
  'abort without a reason is an AbortError': () => {
    const controller = new AbortController();
    controller.abort();
    const { reason } = controller.signal;
    return [
      controller.signal.aborted,
      reason.name,
      reason.code,
      reason instanceof DOMException,
      thrownBy(() => controller.signal.throwIfAborted()),
    ];
  },
  'any reason is handed on, but undefined': () =>
    [null, 0, 'why', { a: 1 }, false, undefined].map((reason) => {
      const controller = new AbortController();
      controller.abort(reason);
      return controller.signal.reason instanceof Error ? controller.signal.reason.name : controller.signal.reason;
    }),
  'throwIfAborted throws the reason itself': () => {
    const reason = new RangeError('mine');
    const controller = new AbortController();
    controller.abort(reason);
    try {
      controller.signal.throwIfAborted();
    } catch (error) {
      return error === reason;
    }
  },
  'the first reason stays': () => {
    const controller = new AbortController();
    let events = 0;
    controller.signal.addEventListener('abort', () => events++);
    controller.abort(1);
    controller.abort(2);
    return [controller.signal.reason, events];
  },
  'the event comes at once, and the signal is aborted in it': () => {
    const controller = new AbortController();
    const seen = [];
    controller.signal.onabort = function on(event) {
      seen.push([
        'on',
        event.type,
        event.isTrusted,
        event.bubbles,
        event.cancelable,
        event.target === controller.signal,
        this === controller.signal,
      ]);
    };
    controller.signal.addEventListener('abort', (event) =>
      seen.push(['listener', event.target.aborted, event.target.reason]),
    );
    controller.abort('why');
    seen.push('after');
    return seen;
  },
  'onabort keeps its place, and is replaced': () => {
    const controller = new AbortController();
    const seen = [];
    controller.signal.onabort = () => seen.push('first');
    controller.signal.addEventListener('abort', () => seen.push('listener'));
    controller.signal.onabort = () => seen.push('second');
    controller.abort();
    return seen;
  },
  'AbortSignal.abort is aborted from the start': () => [
    AbortSignal.abort().aborted,
    AbortSignal.abort().reason.name,
    AbortSignal.abort(5).reason,
    AbortSignal.abort(undefined).reason.name,
  ],
  'AbortSignal.timeout ends with a TimeoutError': async () => {
    const signal = AbortSignal.timeout(5);
    const before = signal.aborted;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return [before, signal.aborted, signal.reason.name, signal.reason.code, signal.reason instanceof DOMException];
  },
  'AbortSignal.timeout asks for a number': () =>
    [undefined, -1, Number.NaN, 'x', Infinity].map(
      (ms) =>
        thrownBy(() => AbortSignal.timeout(ms).aborted) !== undefined &&
        typeof thrownBy(() => AbortSignal.timeout(ms).aborted),
    ),
  'AbortSignal.any follows the first': () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const any = AbortSignal.any([a.signal, b.signal]);
    const seen = [];
    any.addEventListener('abort', () => seen.push(any.reason));
    const before = any.aborted;
    b.abort('b');
    a.abort('a');
    return [before, any.aborted, any.reason, seen];
  },
  'AbortSignal.any of aborted ones and of none': () => {
    const one = AbortSignal.any([AbortSignal.abort('x'), AbortSignal.abort('y')]);
    const none = AbortSignal.any([]);
    return [one.aborted, one.reason, none.aborted];
  },
  'AbortSignal.any of dependent signals': () => {
    const controller = new AbortController();
    const inner = AbortSignal.any([controller.signal]);
    const outer = AbortSignal.any([inner, new AbortController().signal]);
    controller.abort(7);
    return [outer.aborted, outer.reason];
  },
  'AbortSignal.any asks for signals': () =>
    [[1], [{}], 5, null].map((signals) => thrownBy(() => AbortSignal.any(signals))),
  'a signal cannot be made': () => thrownBy(() => new AbortSignal()),
  'the this of methods is checked': () => [
    thrownBy(() => AbortController.prototype.abort.call({})),
    thrownBy(() => Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted').get.call({})),
    thrownBy(() => AbortSignal.prototype.throwIfAborted.call({})),
  ],
  tags: () => [
    Object.prototype.toString.call(new AbortController()),
    Object.prototype.toString.call(AbortSignal.abort()),
  ],
  'a signal belongs to its controller': () => {
    const controller = new AbortController();
    const { signal } = controller;
    return [signal === controller.signal, signal instanceof EventTarget];
  },
});

matchesNode('EventTarget', {
  'listeners are called in order, each once': () => {
    const target = new EventTarget();
    const seen = [];
    const twice = () => seen.push('a');
    target.addEventListener('x', twice);
    target.addEventListener('x', () => seen.push('b'));
    target.addEventListener('x', twice);
    target.addEventListener('x', twice, true);
    target.addEventListener('y', () => seen.push('y'));
    target.dispatchEvent(new Event('x'));
    return seen.sort();
  },
  'objects with handleEvent are listeners': () => {
    const target = new EventTarget();
    const seen = [];
    const listener = {
      handleEvent(event) {
        seen.push([event.type, this === listener]);
      },
    };
    target.addEventListener('x', listener);
    target.dispatchEvent(new Event('x'));
    listener.handleEvent = () => seen.push('changed');
    target.dispatchEvent(new Event('x'));
    target.removeEventListener('x', listener);
    target.dispatchEvent(new Event('x'));
    return seen;
  },
  once: () => {
    const target = new EventTarget();
    let count = 0;
    target.addEventListener(
      'x',
      () => {
        count++;
        target.dispatchEvent(new Event('x'));
      },
      { once: true },
    );
    target.dispatchEvent(new Event('x'));
    target.dispatchEvent(new Event('x'));
    return count;
  },
  'passive listeners cannot prevent': since(22, () => {
    const target = new EventTarget();
    const event = new Event('x', { cancelable: true });
    target.addEventListener('x', (e) => e.preventDefault(), { passive: true });
    return [target.dispatchEvent(event), event.defaultPrevented];
  }),
  'a signal takes a listener away': () => {
    const target = new EventTarget();
    const controller = new AbortController();
    let count = 0;
    target.addEventListener('x', () => count++, { signal: controller.signal });
    target.addEventListener('x', () => count++, { signal: AbortSignal.abort() });
    target.dispatchEvent(new Event('x'));
    controller.abort();
    target.dispatchEvent(new Event('x'));
    return count;
  },
  removing: since(26, () => {
    const target = new EventTarget();
    const seen = [];
    const [a, b] = [() => seen.push('a'), () => seen.push('b')];
    target.addEventListener('x', a);
    target.addEventListener('x', b, { capture: true });
    target.removeEventListener('x', a, { capture: true });
    target.removeEventListener('x', b, true);
    target.removeEventListener('x', () => {});
    target.removeEventListener('z', a);
    target.dispatchEvent(new Event('x'));
    return seen;
  }),
  'listeners that are added or removed during a dispatch': () => {
    const target = new EventTarget();
    const seen = [];
    const second = () => seen.push('second');
    target.addEventListener(
      'x',
      () => {
        seen.push('first');
        target.removeEventListener('x', second);
        target.addEventListener('x', () => seen.push('late'));
      },
      { once: true },
    );
    target.addEventListener('x', second);
    target.dispatchEvent(new Event('x'));
    seen.push('again');
    target.dispatchEvent(new Event('x'));
    return seen;
  },
  'dispatchEvent tells whether it was prevented': () => {
    const target = new EventTarget();
    target.addEventListener('x', (event) => event.preventDefault());
    const events = [new Event('x'), new Event('x', { cancelable: true })];
    return events.map((event) => [target.dispatchEvent(event), event.defaultPrevented]);
  },
  stopImmediatePropagation: () => {
    const target = new EventTarget();
    const seen = [];
    target.addEventListener('x', (event) => {
      seen.push(1);
      event.stopImmediatePropagation();
    });
    target.addEventListener('x', () => seen.push(2));
    target.dispatchEvent(new Event('x'));
    return seen;
  },
  'target, currentTarget, phase and path': () => {
    const target = new EventTarget();
    const event = new Event('x');
    const seen = [[event.target, event.currentTarget, event.eventPhase, event.composedPath()]];
    target.addEventListener('x', (e) =>
      seen.push([
        e.target === target,
        e.currentTarget === target,
        e.srcElement === target,
        e.eventPhase,
        e.composedPath().length,
        e.composedPath()[0] === target,
      ]),
    );
    target.dispatchEvent(event);
    seen.push([event.target === target, event.currentTarget, event.eventPhase, event.composedPath()]);
    return seen;
  },
  'an event that is being dispatched cannot be dispatched': () => {
    const target = new EventTarget();
    const seen = [];
    target.addEventListener('x', (event) => seen.push(typeof thrownBy(() => target.dispatchEvent(event))));
    target.dispatchEvent(new Event('x'));
    return seen;
  },
  'an event can be dispatched again': () => {
    const target = new EventTarget();
    let count = 0;
    target.addEventListener('x', () => count++);
    const event = new Event('x');
    target.dispatchEvent(event);
    target.dispatchEvent(event);
    return count;
  },
  'only events can be dispatched': () =>
    [undefined, null, {}, 'x', { type: 'x' }].map((event) => thrownBy(() => new EventTarget().dispatchEvent(event))),
  'no listener is no error': () => {
    const target = new EventTarget();
    return [
      thrownBy(() => target.addEventListener('x', null)),
      thrownBy(() => target.removeEventListener('x', null)),
      target.dispatchEvent(new Event('x')),
    ];
  },
  'arguments are required': () => [
    thrownBy(() => new EventTarget().addEventListener()),
    thrownBy(() => new EventTarget().dispatchEvent()),
  ],
  'can be extended': () => {
    class Mine extends EventTarget {
      tell(detail) {
        this.dispatchEvent(new CustomEvent('told', { detail }));
      }
    }
    const mine = new Mine();
    const seen = [];
    mine.addEventListener('told', ({ detail }) => seen.push(detail));
    mine.tell({ a: 1 });
    return seen;
  },
  'this of a function listener is the target': () => {
    const target = new EventTarget();
    let outcome;
    target.addEventListener('x', function listener(event) {
      outcome = [this === target, event.currentTarget === this];
    });
    target.dispatchEvent(new Event('x'));
    return outcome;
  },
});

matchesNode('Event', {
  'what it is made with': () =>
    [undefined, {}, { bubbles: true }, { cancelable: true }, { composed: true }, { bubbles: 1, cancelable: 0 }].map(
      (init) => {
        const event = new Event('x', init);
        return [
          event.type,
          event.bubbles,
          event.cancelable,
          event.composed,
          event.defaultPrevented,
          event.isTrusted,
          event.returnValue,
          event.cancelBubble,
        ];
      },
    ),
  'the type is made into a string': () =>
    [5, null, undefined, { toString: () => 'o' }].map((type) => new Event(type).type),
  'needs a type': () => [
    thrownBy(() => new Event()),
    thrownBy(() => new Event(Symbol('a'))),
    thrownBy(() => Event('x')),
  ],
  constants: () => [Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE],
  'preventDefault of what cannot be': () => {
    const event = new Event('x');
    event.preventDefault();
    return event.defaultPrevented;
  },
  'can be extended': () => {
    class Mine extends Event {
      constructor(type, extra) {
        super(type);
        this.extra = extra;
      }
    }
    const target = new EventTarget();
    const seen = [];
    target.addEventListener('x', (event) => seen.push([event.extra, event instanceof Mine]));
    target.dispatchEvent(new Mine('x', 5));
    return seen;
  },
  'CustomEvent carries detail': () => [
    new CustomEvent('x', { detail: { a: [1] } }).detail,
    new CustomEvent('x').detail,
    new CustomEvent('x', { bubbles: true }).bubbles,
    new CustomEvent('x') instanceof Event,
    thrownBy(() => new CustomEvent()),
    Object.prototype.toString.call(new CustomEvent('x')),
    Object.prototype.toString.call(new Event('x')),
  ],
  'properties are read-only': () => {
    const event = new Event('x');
    event.type = 'y';
    event.bubbles = true;
    return [event.type, event.bubbles];
  },
});

matchesNode('DOMException', {
  'name, message and code': () =>
    [
      [],
      ['a'],
      ['a', 'AbortError'],
      ['a', 'DataCloneError'],
      ['a', 'TimeoutError'],
      ['a', 'InvalidStateError'],
      ['a', 'NotFoundError'],
      ['a', 'Other'],
      [undefined, undefined],
      [5, 6],
    ].map((args) => {
      const error = new DOMException(...args);
      return [
        error.name,
        error.message,
        error.code,
        error instanceof Error,
        error instanceof DOMException,
        String(error),
        Object.prototype.toString.call(error),
      ];
    }),
  codes: () =>
    Object.entries(Object.getOwnPropertyDescriptors(DOMException))
      .filter(([name]) => name.endsWith('_ERR'))
      .map(([name, { value, enumerable, writable }]) => [name, value, enumerable, writable]),
  'has a stack': () => [typeof new DOMException('a').stack, new DOMException('a', 'AbortError').stack.split('\n')[0]],
  'own properties are none that can be seen': () => Object.keys(new DOMException('a')),
});

differsFromNode('events', {
  timeStamp: ['events have no clock', () => new Event('x').timeStamp, 0],
  'null as the init of an event': [
    'it is asked for its properties',
    () => thrownBy(() => new Event('x', null)),
    'threw TypeError',
  ],
  'DOMException with options': [
    'the second argument is the name, as in the standard',
    () => new DOMException('a', { cause: 5 }).name,
    '[object Object]',
  ],
});
