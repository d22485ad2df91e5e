"""Compiler launcher for V8: gives the big V8 targets one precompiled header each.

Called as `launch.py clang++ ARGS…` by the build (the v8 crate takes it from the variable SCCACHE).
A compile that fails with the precompiled header is done again without it, so the result never
depends on it; `pch/failed.log` in the build folder names those files.
"""
import fcntl
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER_OF = {
    'torque_generated_initializers': 'csa',
    'v8_initializers': 'csa',
    'torque_generated_definitions': 'base',
    'v8_base_without_compiler': 'base',
    'v8_compiler': 'compiler',
}


def make_pch(argv, header, pch):
    """Compile `header` with the flags of `argv`; an empty file says that it cannot be done."""
    flags, skip = [], False
    for arg in argv:
        if skip:
            skip = False
        elif arg in ('-MF', '-o', '-c'):
            skip = True
        elif arg != '-MD':
            flags.append(arg)
    done = subprocess.run(
        flags + ['-w', '-fpch-instantiate-templates', '-x', 'c++-header', header, '-o', pch + '.tmp'],
        capture_output=True)
    if done.returncode == 0:
        os.rename(pch + '.tmp', pch)
    else:
        open(pch, 'w').close()


def main():
    argv = sys.argv[1:]
    if '-c' not in argv:
        os.execvp(argv[0], argv)
    at = argv.index('-c')
    source, out = argv[at + 1], argv[argv.index('-o') + 1].split('/')
    # Objects of the tools that run during the build lie below a toolchain's folder, and are few.
    target = out[2] if len(out) > 3 and out[:2] == ['obj', 'v8'] else ''
    if target not in HEADER_OF or not source.endswith('.cc'):
        os.execvp(argv[0], argv)
    os.makedirs('pch', exist_ok=True)
    pch = f'pch/{target}.pch'
    # The first compile of a target makes its header; those beside it wait for that.
    with open(pch + '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(pch):
            make_pch(argv, f'{HERE}/{HEADER_OF[target]}.h', pch)
    if os.path.getsize(pch):
        done = subprocess.run(argv[:at] + ['-w', '-include-pch', pch] + argv[at:], capture_output=True, text=True)
        if done.returncode == 0:
            return 0
        with open('pch/failed.log', 'a') as log:
            log.write(f'{source}\n{done.stderr[:500]}\n')
    os.execvp(argv[0], argv)


sys.exit(main())
