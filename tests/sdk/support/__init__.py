"""What the tests share: real programs, started on free ports and ended by their id, and a browser's part of a login."""
