"""The exception of the module shm, for 2.7 and 3."""


class error(Exception):
    """Raised by shm: error(errno, text), or error(message) for what the library itself found.

    It answers like the tuple that shm 1.2.2 raised: ``e[0]``, ``code, text = e`` and ``str(e)``.
    ``errno`` and ``strerror`` are None and the message for the second form. ``detail`` says what
    was wanted, what the limit was and what to do.
    """

    _detail = None

    @property
    def errno(self):
        return self.args[0] if len(self.args) > 1 else None

    @property
    def strerror(self):
        return self.args[-1] if self.args else None

    @property
    def detail(self):
        return self._detail or self.strerror

    @detail.setter
    def detail(self, sentence):
        self._detail = sentence

    def __getitem__(self, index):
        return self.args[index]

    def __len__(self):
        return len(self.args)

    def __iter__(self):
        return iter(self.args)

    def __bool__(self):
        return True

    __nonzero__ = __bool__


error.__module__ = "shm"
