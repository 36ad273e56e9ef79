"""When a process has ended: not before its last thread."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from pipeline.procfs import started_at

# Its first thread ends, as the first may in any program that the kernel ends thread by thread.
_WITHOUT_FIRST_THREAD = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print(flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_this_process_has_started_after_the_one_that_started_it():
    mine, parents = started_at(os.getpid()), started_at(os.getppid())
    assert mine is not None
    assert parents is None or parents <= mine


def test_a_process_has_ended_once_its_last_thread_has():
    with subprocess.Popen([sys.executable, "-c", _WITHOUT_FIRST_THREAD], stdout=subprocess.PIPE) as process:
        try:
            began = started_at(process.pid)
            assert process.stdout
            process.stdout.readline()
            while state(process.pid) != "Z":
                pass
            assert began is not None
            assert started_at(process.pid) == began, "its second thread runs"
        finally:
            process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert state(process.pid) == "Z"
        assert started_at(process.pid) is None, "it has ended, and nobody has asked for its exit code"
    assert started_at(process.pid) is None


def test_a_name_with_blanks_and_brackets_changes_nothing():
    code = "print(open('/proc/self/comm', 'w').write(') Z 1 ('), flush=True); import time; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            began = started_at(process.pid)
            assert process.stdout
            process.stdout.readline()
            assert Path(f"/proc/{process.pid}/comm").read_text() == ") Z 1 (\n"
            assert started_at(process.pid) == began is not None
        finally:
            process.kill()


def test_no_process_has_no_start():
    with subprocess.Popen(["true"]) as process:
        pass
    assert started_at(process.pid) is None
