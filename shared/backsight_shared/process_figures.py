"""What a process uses, from the text of Linux's /proc: memory, files, threads, processor time."""

from dataclasses import dataclass

from backsight_shared.exposition import Family, one

# Places in /proc/PID/stat behind the name in brackets (proc(5) counts from 1 and before it: two less).
_UTIME, _STIME, _THREADS, _STARTED, _VIRTUAL, _RESIDENT = 11, 12, 17, 19, 20, 21


@dataclass(frozen=True, slots=True)
class Machine:
    """What the numbers in /proc are counted in, and what the process may use."""

    ticks_per_s: int
    page_bytes: int
    most_fds: int


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """At one moment."""

    cpu_s: float
    resident_bytes: int
    virtual_bytes: int
    threads: int
    open_fds: int
    most_fds: int
    started_ms: int

    def families(self) -> tuple[Family, ...]:
        """Under the names that every Prometheus client uses."""
        return (
            one("process_cpu_seconds_total", "counter", "Processor time used, in seconds", self.cpu_s),
            one("process_resident_memory_bytes", "gauge", "Memory in use", self.resident_bytes),
            one("process_virtual_memory_bytes", "gauge", "Address space in use", self.virtual_bytes),
            one("process_threads", "gauge", "Threads", self.threads),
            one("process_open_fds", "gauge", "Open file descriptors", self.open_fds),
            one("process_max_fds", "gauge", "File descriptors that may be open", self.most_fds),
            one("process_start_time_seconds", "gauge", "When it began", self.started_ms / 1000),
        )


def understood(stat: str, uptime: str, open_fds: int, machine: Machine, now_ms: int) -> ProcessFigures:
    """The texts of /proc/self/stat and /proc/uptime. Raises ValueError or IndexError for anything else.

    When it began is reckoned back from now: a clock that was set meanwhile moves it along.
    """
    fields = stat.rpartition(")")[2].split()
    number = [int(text) if text.lstrip("-").isdigit() else 0 for text in fields]
    age_s = float(uptime.split()[0]) - number[_STARTED] / machine.ticks_per_s
    return ProcessFigures(
        cpu_s=(number[_UTIME] + number[_STIME]) / machine.ticks_per_s,
        resident_bytes=number[_RESIDENT] * machine.page_bytes,
        virtual_bytes=number[_VIRTUAL],
        threads=number[_THREADS],
        open_fds=open_fds,
        most_fds=machine.most_fds,
        started_ms=round(now_ms - age_s * 1000),
    )
