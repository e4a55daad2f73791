"""Random calls on several handles of one set, beside a plain dictionary of numpy arrays."""
import pickle
import unittest
from collections import OrderedDict

from arrays_world import NO_NUMPY, again, copies, np, remove_keys, sa, same

try:
    import hypothesis
except ImportError:
    hypothesis = None

if hypothesis and np:
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

    SHAPES = [(), (1,), (3,), (2, 3), (0,), (20000,)]
    DTYPES = ['f8', 'f4', 'i4', 'u1', 'i8', 'bool', '>f8', 'c16', 'f2']
    # Sets without any element are the subject of test_arrays_more.TestVersions.
    DESCRIPTIONS = st.lists(st.tuples(st.sampled_from(SHAPES), st.sampled_from(DTYPES)),
                            min_size=1, max_size=4).filter(lambda d: any(0 not in s for s, _ in d))
    NAMES = ['b', 'a', 7, ('t', 1)]
    SEEDS = st.integers(0, 2 ** 20)
    WHICH = st.integers(0, 3)

    def content(description, seed):
        """Small whole numbers: whatever is computed with them is exact in each type."""
        random = np.random.RandomState(seed)
        return OrderedDict((name, random.randint(0, 3, shape).astype(dtype) if shape
                            else np.array(random.randint(0, 3), dtype))
                           for name, (shape, dtype) in zip(NAMES, description))

    def alike(one, other):
        """Views, numpy scalars and handles by root key have the byte order of the machine."""
        one, other = np.asarray(one), np.asarray(other)
        return same(one.astype(one.dtype.newbyteorder('=')), other.astype(other.dtype.newbyteorder('=')))

    class Sets(RuleBasedStateMachine):
        """A set, up to four handles of it, and what it should contain."""

        layouts = ('native',)

        def __init__(self):
            super(Sets, self).__init__()
            self.handles = []
            self.keys = []

        @initialize(description=DESCRIPTIONS, seed=SEEDS, data=st.data())
        def create(self, description, seed, data):
            self.layout = data.draw(st.sampled_from(self.layouts))
            if self.layout == 'legacy':
                description = [(shape, 'f8') for shape, _ in description]
            self.description = description
            self.model = content(description, seed)
            self.handles = [sa.SHMArrays(copies(self.model), layout=self.layout)]
            self.keys = [tuple(pair) for pair in self.handles[0].get_keys()]
            self.versions = [0] * len(self.keys)

        def teardown(self):
            remove_keys(self.keys)
            for handle in self.handles:
                handle.close()

        def handle(self, which):
            return self.handles[which % len(self.handles)]

        def changed(self, *partitions):
            for i in partitions or range(len(self.versions)):
                self.versions[i] += 1

        def check(self, got):
            assert list(got) == list(self.model)
            for name, value in self.model.items():
                assert alike(got[name], value), (name, got[name], value)

        # Handles

        @precondition(lambda self: len(self.handles) < 4)
        @rule(how=st.sampled_from(['keys', 'root', 'pickle']), which=WHICH)
        def attach(self, how, which):
            handle = self.handle(which)
            if how == 'keys' or self.layout == 'legacy' and how == 'root':
                other = again(handle)
            elif how == 'root':
                other = sa.SHMArrays.attach(handle.root_key)
            else:
                other = pickle.loads(pickle.dumps(handle, 2))
            self.handles.append(other)

        @precondition(lambda self: len(self.handles) > 1)
        @rule(which=WHICH)
        def close(self, which):
            self.handles.pop(which % len(self.handles)).close()

        # Changes

        @rule(which=WHICH, seed=SEEDS, reverse=st.booleans())
        def write(self, which, seed, reverse):
            new = content(self.description, seed)
            given = OrderedDict(reversed(list(new.items()))) if reverse else new
            self.handle(which).write_arrays(given)
            self.model = new
            self.changed()

        @rule(which=WHICH, seed=SEEDS)
        def write_by_position(self, which, seed):
            new = content(self.description, seed)
            self.handle(which).write_arrays(
                OrderedDict((('foreign', i), value) for i, value in enumerate(new.values())))
            self.model = new
            self.changed()

        @rule(which=WHICH, seed=SEEDS, index=WHICH)
        def set_item(self, which, seed, index):
            name = NAMES[index % len(self.description)]
            value = content(self.description, seed)[name]
            if not value.size:
                return
            handle = self.handle(which)
            handle[name] = value
            self.model[name] = value
            position = list(self.model).index(name)
            self.changed([position in list(g) for g in handle.partitioning].index(True))

        @rule(which=WHICH, seed=SEEDS, builtin=st.booleans())
        def add(self, which, seed, builtin):
            new = content(self.description, seed)
            handle = self.handle(which)
            result = handle.add_updates(new) if builtin else \
                handle.update_arrays(new, lambda n, o: n + o)
            self.combine(lambda n, o: n + o, new, result)

        @rule(which=WHICH, seed=SEEDS)
        def add_out(self, which, seed):
            new = content(self.description, seed)
            self.combine(lambda n, o: n + o, copies(new),
                         self.handle(which).add_updates(new, out=new))

        @rule(which=WHICH, seed=SEEDS, largest=st.booleans(), builtin=st.booleans())
        def extreme(self, which, seed, largest, builtin):
            new = content(self.description, seed)
            function = np.maximum if largest else np.minimum
            given = (sa.maximum if largest else sa.minimum) if builtin else function
            self.combine(function, new, self.handle(which).update_arrays(new, given))

        @rule(which=WHICH, seed=SEEDS, copy_old=st.booleans())
        def function(self, which, seed, copy_old):
            new = content(self.description, seed)
            self.combine(lambda n, o: np.where(o == n, n, o), new, self.handle(which).update_arrays(
                new, lambda n, o: np.where(o == n, n, o), copy_old=copy_old))

        @rule(which=WHICH)
        def double(self, which):
            if any(np.dtype(dtype).kind == 'b' for _, dtype in self.description):
                return
            self.reduce_first(which)
            self.combine(lambda n, o: o + o, self.model,
                         self.handle(which).update_arrays(None, sa.scale(2)))

        def reduce_first(self, which):
            """Keep numbers so small that every type holds them exactly."""
            new = OrderedDict((n, np.ones_like(v)) for n, v in self.model.items())
            self.combine(np.minimum, new, self.handle(which).update_arrays(new, sa.minimum))

        def combine(self, function, new, result):
            self.model = OrderedDict((name, np.asarray(function(new[name], old)).astype(old.dtype))
                                     for name, old in self.model.items())
            self.changed()
            self.check(result)

        # What changes nothing

        @rule(which=WHICH, seed=SEEDS, at=WHICH)
        def failing_function(self, which, seed, at):
            """The partitions before the failure are done, as in the order of the groups."""
            handle, calls = self.handle(which), []
            new = content(self.description, seed)

            def function(n, o):
                calls.append(1)
                if len(calls) > at:
                    raise ZeroDivisionError
                return n

            if at >= len(self.description):
                return
            try:
                handle.update_arrays(new, function)
                assert False, 'the exception was lost'
            except ZeroDivisionError:
                pass
            self.model_until(handle, new, at)

        def model_until(self, handle, new, at):
            for partition, group in enumerate(handle.partitioning):
                at -= len(group)
                if at < 0:
                    return
                for position in group:
                    name = list(self.model)[position]
                    self.model[name] = new[name]
                self.changed(partition)

        @rule(which=WHICH, seed=SEEDS, what=st.sampled_from(['fewer', 'more', 'large', 'small']))
        def refused(self, which, seed, what):
            new = content(self.description, seed)
            first = NAMES[0]
            if what == 'fewer':
                if len(new) == 1:
                    return
                del new[first]
            elif what == 'more':
                new['nobody'] = np.zeros(3)
            else:
                count = new[first].size + (1 if what == 'large' else -1)
                new[first] = np.zeros(max(count, 2 if new[first].size == 0 else 0), new[first].dtype)
            for call in (self.handle(which).write_arrays, self.handle(which).add_updates):
                try:
                    call(new)
                    assert False, what + ' was not refused'
                except (KeyError if what in ('fewer', 'more') else ValueError):
                    pass

        # Looks

        @rule(which=WHICH, index=WHICH)
        def get_item(self, which, index):
            name = NAMES[index % len(self.description)]
            assert alike(self.handle(which)[name], self.model[name])

        @precondition(lambda self: self.layout == 'native')
        @rule(which=WHICH)
        def view(self, which):
            with self.handle(which).view() as arrays:
                self.check(arrays)

        @rule(which=WHICH)
        def mapping(self, which):
            handle = self.handle(which)
            assert len(handle) == len(self.model)
            assert list(handle) == list(handle.keys()) == list(self.model)
            self.check(OrderedDict(handle.items()))

        @invariant()
        def all_handles_agree(self):
            for handle in self.handles:
                self.check(handle.read_arrays())
                if self.layout == 'native':
                    assert handle.versions() == self.versions

    class LegacySets(Sets):
        layouts = ('legacy',)

    SETTINGS = hypothesis.settings(max_examples=40, stateful_step_count=25, deadline=None,
                                   database=None, derandomize=True,
                                   suppress_health_check=list(hypothesis.HealthCheck))
    TestSets = Sets.TestCase
    TestSets.settings = SETTINGS
    TestLegacySets = LegacySets.TestCase
    TestLegacySets.settings = SETTINGS
else:
    class TestSets(unittest.TestCase):

        @unittest.skip('no hypothesis' if np else NO_NUMPY)
        def test_model(self):
            """What is above needs hypothesis and numpy."""


if __name__ == '__main__':
    unittest.main()
