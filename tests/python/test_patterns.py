"""legacy.md 10.1 and 11.4: programs of 2005 run as they are on 2.7, and on 3 after 2to3."""
import os
import shutil
import sys
import tempfile
import unittest

import programs

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "patterns")
NAMES = ["p%02d" % number for number in range(1, 17)]
CONVERTERS = (
    ["2to3"],
    [sys.executable, "-m", "lib2to3"],
    ["python3", "-m", "lib2to3"],
    ["/usr/bin/python3", "-m", "lib2to3"],
)


def works(converter):
    try:
        return programs.run(converter + ["--list-fixes"])[0] == 0
    except OSError:
        return False


def convert_to(folder):
    """Copies all of them and has them converted in one go; nothing is mended by hand."""
    converter = next((known for known in CONVERTERS if works(known)), None)
    if converter is None:
        raise unittest.SkipTest("neither 2to3 nor lib2to3 is installed")
    for name in NAMES:
        shutil.copy(os.path.join(SOURCES, name + ".py"), folder)
    status, output, errors = programs.run(converter + ["-n", "-w", folder])
    if status != 0:
        raise AssertionError("2to3 ended with status %d: %s" % (status, errors))


class Patterns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = SOURCES
        cls.temporary = None
        if sys.version_info[0] > 2:
            cls.temporary = cls.folder = tempfile.mkdtemp()
            try:
                convert_to(cls.folder)
            except BaseException:
                cls.tearDownClass()
                raise

    @classmethod
    def tearDownClass(cls):
        if cls.temporary is not None:
            shutil.rmtree(cls.temporary)

    def check(self, name):
        script = os.path.join(self.folder, name + ".py")
        result = programs.run([sys.executable, script])
        self.assertEqual(result, (0, name + " ok\n", ""))


def of_pattern(name):
    def test(self):
        self.check(name)

    with open(os.path.join(SOURCES, name + ".py")) as source:
        test.__doc__ = source.readline().strip().strip('"')
    return test


for _name in NAMES:
    setattr(Patterns, "test_" + _name, of_pattern(_name))

if __name__ == "__main__":
    unittest.main()
