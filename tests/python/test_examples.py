"""The Python programs of doc/examples do what they say, and leave no object when interrupted."""
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import unittest

import shm

import programs

try:
    import numpy
    import SHMArrays
except ImportError:
    numpy = None
try:
    import matplotlib
except ImportError:
    matplotlib = None

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("LIBSHM_TEST_SOURCE") or os.path.dirname(os.path.dirname(HERE))
EXAMPLES = os.path.join(SOURCE, "doc", "examples")
DEADLINE = 60

needs_numpy = unittest.skipIf(numpy is None, "this Python has no numpy, or no SHMArrays for it")


def example(name):
    return [sys.executable, os.path.join(EXAMPLES, name)]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, arguments, **keywords):
        process = programs.start(arguments, cwd=self.folder, **keywords)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        programs.end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        process.wait()

    def interrupt(self, process, number=signal.SIGTERM):
        """Only the program itself gets the signal: the output that was left."""
        os.kill(process.pid, number)
        status, output, errors = programs.finish(process, DEADLINE)
        self.assertEqual((status, errors), (128 + number, ""))
        return output

    def gone(self, memory_keys, semaphore_keys):
        for key in memory_keys:
            self.assertEqual(shm.memory_haskey(key), 0, "a segment is left")
        for key in semaphore_keys:
            self.assertEqual(shm.semaphore_haskey(key), 0, "a semaphore is left")


class Partners(Case):
    def start_first(self, rounds):
        """The program and the keys that it prints."""
        first = self.start(example("partner_first.py") + ["--rounds", rounds])
        found = re.match(r"python partner_second.py (\d+) (\d+) (\d+)\n$", first.stdout.readline())
        self.assertTrue(found)
        return first, [int(key) for key in found.groups()]

    def test_partners(self):
        first, keys = self.start_first(300)
        second = programs.succeed(self, example("partner_second.py") + keys)
        self.assertEqual(second, "second: 300 rounds, every digest was right\n")
        status, output, errors = programs.finish(first, DEADLINE)
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(output, "first: 300 rounds, every digest was right\n")
        self.gone(keys[:1], keys[1:])

    def test_first_alone_is_interrupted(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            first, keys = self.start_first(10)
            self.interrupt(first, number)
            self.gone(keys[:1], keys[1:])

    def test_first_is_interrupted_while_they_talk(self):
        first, keys = self.start_first(1000000)
        second = self.start(example("partner_second.py") + keys)
        self.talk(keys[0])
        self.interrupt(first)
        self.gone(keys[:1], keys[1:])
        status, _, errors = programs.finish(second, DEADLINE)
        self.assertEqual(status, 1)
        self.assertTrue(errors.startswith("second: "), errors)
        self.assertNotIn("Traceback", errors)

    def talk(self, key):
        """Waits until the words have changed a few times."""
        memory = shm.memory(shm.getshmid(key))
        memory.attach()
        self.addCleanup(memory.detach)
        seen, end = set(), time.time() + DEADLINE
        while len(seen) < 5:
            seen.add(memory.read(32))
            self.assertLess(time.time(), end, "they do not talk")
            time.sleep(0.001)

    def test_second_with_wrong_keys(self):
        status, output, errors = programs.run(example("partner_second.py") + [0, 0, 0])
        self.assertEqual((status, output), (1, ""))
        self.assertEqual(errors, "second: nothing has the key 0\n")


@needs_numpy
class SharedArrays(Case):
    def test_shared_arrays(self):
        output = programs.succeed(self, example("shared_arrays.py"), cwd=self.folder)
        self.assertIn("second process: read and updated 10 arrays\n", output)
        self.assertIn("both processes: 600 steps", output)


@needs_numpy
@unittest.skipIf(sys.version_info[0] < 3, "multiprocessing of Python 2.7 cannot spawn")
class Sgd(Case):
    def without_matplotlib(self):
        """An environment in which it cannot be imported."""
        with open(os.path.join(self.folder, "matplotlib.py"), "w") as module:
            module.write("raise ImportError('as if it were not installed')\n")
        path = [self.folder] + list(filter(None, [os.environ.get("PYTHONPATH")]))
        return programs.variables(PYTHONPATH=os.pathsep.join(path))

    def root_key(self, output):
        found = re.search(r"(\d+) workers share the parameters under the root key (\d+)\n", output)
        self.assertTrue(found, output)
        return int(found.group(1)), int(found.group(2))

    def check_output(self, output, workers, updates):
        number, root = self.root_key(output)
        self.assertEqual(number, workers)
        self.assertRaises(KeyError, SHMArrays.SHMArrays.attach, root)
        lines = re.findall(r"(\d+) of %d updates +\d+ updates/s  loss [\d.]+" % updates, output)
        self.assertEqual(int(lines[-1]), updates)
        accuracy = re.search(r"^test accuracy ([\d.]+) ", output, re.MULTILINE)
        self.assertGreaterEqual(float(accuracy.group(1)), 0.9)

    def test_text_plot(self):
        output = programs.succeed(
            self, example("sgd.py") + ["--workers", 2, "--epochs", 10],
            env=self.without_matplotlib(), cwd=self.folder)
        self.check_output(output, 2, 10 * 150)
        plot = output[output.index("   loss\n"):]
        self.assertRegex(plot, r"\| *[01]+")
        self.assertRegex(plot, r"[\d.]+ seconds\n")
        self.assertEqual(os.listdir(self.folder), ["matplotlib.py"])

    @unittest.skipIf(matplotlib is None, "this Python has no matplotlib")
    def test_picture(self):
        output = programs.succeed(
            self, example("sgd.py") + ["--epochs", 20, "--plot", "curve.png"],
            env=programs.variables(MPLCONFIGDIR=os.path.join(self.folder, "cache")),
            cwd=self.folder)
        self.check_output(output, 4, 20 * 148)
        self.assertIn("loss over time is in curve.png\n", output)
        with open(os.path.join(self.folder, "curve.png"), "rb") as picture:
            self.assertEqual(picture.read(8), b"\x89PNG\r\n\x1a\n")

    def test_too_few_steps_are_a_failure(self):
        tiny = os.path.join(self.folder, "tiny.csv")
        with open(tiny, "w") as data, open(os.path.join(self.folder, "tiny.test"), "w") as test:
            for number in range(20):
                data.write(",".join(["0"] * 64 + [str(number % 10)]) + "\n")
            test.write("".join("%d\n" % row for row in range(10)))
        status, output, errors = programs.run(
            example("sgd.py") + ["--workers", 1, "--epochs", 1, "--data", tiny],
            env=self.without_matplotlib(), cwd=self.folder)
        self.assertEqual((status, errors), (1, ""), output)
        self.assertIn("test accuracy 0.1", output)

    def test_interrupted(self):
        sgd = self.start(example("sgd.py") + ["--workers", 2, "--epochs", 1000000])
        root = self.root_key(sgd.stdout.readline())[1]
        with SHMArrays.SHMArrays.attach(root) as model:
            pairs = model.get_keys()
            self.until_updated(model)
        output = self.interrupt(sgd)
        self.assertTrue(output.endswith("interrupted: the shared arrays are removed\n"))
        self.gone(*zip(*pairs))

    def until_updated(self, model):
        end = time.time() + DEADLINE
        while model.versions()[0] < 10:
            self.assertLess(time.time(), end, "no worker makes an update")
            time.sleep(0.01)

    def test_interrupted_while_workers_start(self):
        sgd = self.start(example("sgd.py") + ["--epochs", 1000000])
        root = self.root_key(sgd.stdout.readline())[1]
        self.interrupt(sgd, signal.SIGINT)
        self.gone([root], [])


if __name__ == "__main__":
    unittest.main()
