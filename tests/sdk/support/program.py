"""A child process: its output is kept, it is waited for by what it prints, and it is ended by its id."""

import subprocess
import threading
import time
from collections.abc import Callable


class Program:
    """Runs `command`; standard output and standard error come together, line by line."""

    def __init__(self, name: str, command: list[str], env: dict[str, str] | None = None, cwd: str | None = None):
        self.name = name
        self.lines: list[str] = []
        self._more = threading.Condition()
        # An open pipe as input: what ends with its input never outlives this process.
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=env, cwd=cwd, text=True, errors="replace"
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.child.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def wait_for[T](self, find: Callable[[str], T | None], seconds: float = 30) -> T:
        """What `find` makes of the first line that it makes anything of."""
        until, seen = time.monotonic() + seconds, 0
        while True:
            with self._more:
                while seen < len(self.lines):
                    found = find(self.lines[seen])
                    if found is not None:
                        return found
                    seen += 1
                ended = self.child.poll() is not None and not self._reader.is_alive()
                if ended or time.monotonic() > until:
                    why = f"ended with {self.child.returncode}" if ended else f"said nothing for {seconds} s"
                    raise RuntimeError(f"{self.name} {why}:\n{self.tail()}")
                self._more.wait(0.1)

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.lines[-lines:])

    def stop(self) -> int:
        """Asks it to end, insists after ten seconds, and gives its exit status."""
        if self.child.poll() is None:
            self.child.terminate()
        try:
            status = self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = self.child.wait()
        self.child.stdin.close()
        self._reader.join(5)
        return status

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.child.kill()
        self.child.wait()
