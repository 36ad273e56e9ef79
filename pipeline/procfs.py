"""What Linux says of a process in /proc/PID/stat (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)."""

from pathlib import Path

# Counted behind the command's closing bracket: the command itself may hold blanks and brackets.
_STATE, _THREADS, _START = 0, 17, 19


def started_at(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None once it has ended, waited for or not.

    A process whose first thread has ended is shown as a zombie while its others still run, and still hold its
    ports, locks and files: it has not ended.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ended = fields[_STATE] in "ZX" and int(fields[_THREADS]) <= 1
    return None if ended else int(fields[_START])
