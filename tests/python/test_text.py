# coding: utf-8
"""Section 10.1: what read returns on Python 3 is bytes that answer like a Python 2 string.

Every test but those marked runs on 2.7 as well, on the plain `str` that read returns there.
"""
import base64
import binascii
import copy
import ctypes
import hashlib
import io
import os
import pickle
import re
import socket
import struct
import tempfile
import unittest
import zlib

import shm
import shm_wrapper

import legacy_table as table
import world
from world import PY3, latin


class TextCase(world.Case):
    """Tests on strings that were read."""

    def setUp(self):
        super(TextCase, self).setUp()
        self.m = self.attached(4096)

    def text(self, native):
        """A string as read returns it, with these characters (up to 0xff)."""
        data = latin(native)
        self.m.write(data)
        return self.m.read(len(data))

    @property
    def kind(self):
        return type(self.text('x'))

    def is_text(self, value, native):
        """value is of the type that read returns, and has these characters."""
        self.assertIs(type(value), self.kind)
        self.assertEqual(bytes(value), latin(native))


class Type(TextCase):
    """What read returns."""

    @world.needs_python3
    def test_subclass_of_bytes(self):
        self.assertTrue(issubclass(self.kind, bytes))
        self.assertIsNot(self.kind, bytes)
        self.assertFalse(issubclass(self.kind, str))

    @unittest.skipIf(PY3, 'on Python 3 it is a subclass of bytes')
    def test_str_of_python_2(self):
        self.assertIs(self.kind, str)

    def test_one_type_for_everything(self):
        handle = shm_wrapper.SharedMemoryHandle(self.m.key)
        for value in (self.m.read(0), self.m.read(5), handle.read(), handle.read(3, 1)):
            self.assertIs(type(value), self.kind)

    def test_every_byte(self):
        data = bytes(bytearray(range(256)))
        self.m.write(data)
        self.assertEqual(list(bytearray(self.m.read(256))), list(range(256)))

    def test_empty(self):
        empty = self.text('')
        self.assertEqual((len(empty), empty == '', empty == b'', bool(empty)),
                         (0, True, True, False))
        self.assertTrue(bool(self.text('\0')))

    def test_plain_by_argument_L14_1(self):
        for args in ((5,), (5, 0), (0,)):
            self.assertIs(type(self.m.read(*args, plain=True)), bytes)
            self.assertIs(type(self.m.read(*args, plain=None)), self.kind)
            self.assertIs(type(self.m.read(*args, plain=False)), self.kind)
        self.m.write('abcdef')
        self.assertEqual(self.m.read(3, 2, plain=True), b'cde')

    def test_plain_by_option_L14_2(self):
        kind = self.kind
        self.assertEqual(shm.options(plain_bytes=True)['plain_bytes'], False)
        self.assertIs(type(self.m.read(5)), bytes)
        self.assertIs(type(self.m.read(5, plain=None)), bytes)
        self.assertIs(type(self.m.read(5, plain=True)), bytes)
        self.assertIs(type(self.m.read(5, plain=False)), kind)
        handle = shm_wrapper.SharedMemoryHandle(self.m.key)
        self.assertIs(type(handle.read(5)), bytes)
        self.assertIs(type(handle.read(5, plain=False)), kind)
        self.assertEqual(shm.options(plain_bytes=False)['plain_bytes'], True)
        self.assertIs(type(self.m.read(5)), kind)


class Comparison(TextCase):
    """Equality, order, containment, hash."""

    def test_equality(self):
        for native in ('', 'a', 'END', 'a\0b', '\xe9\xff', ' ' * 80):
            text, other = self.text(native), native + 'x'
            for same in (native, latin(native), bytearray(latin(native)), self.text(native)):
                self.assertTrue(text == same)
                self.assertTrue(same == text)
                self.assertFalse(text != same)
                self.assertFalse(same != text)
            for different in (other, latin(other), self.text(other)):
                self.assertFalse(text == different)
                self.assertFalse(different == text)
                self.assertTrue(text != different)
                self.assertTrue(different != text)

    def test_equality_with_other_things(self):
        text = self.text('5')
        for other in (5, None, 5.0, ['5'], ('5',), 53):
            self.assertFalse(text == other)
            self.assertTrue(text != other)

    @world.needs_python3
    def test_equality_is_of_latin_1(self):
        text = self.text('\xe9')
        self.assertTrue(text == u'\xe9')
        for other in (u'\u20ac', u'\xc3\xa9', u'e\u0301', u'\u0169', u'\udce9'):
            self.assertFalse(text == other)
            self.assertTrue(text != other)
            self.assertFalse(other == text)
        self.assertFalse(self.text('\xc3\xa9') == u'\xe9')

    def test_order(self):
        def check(low, high):
            for left, right in ((self.text(low), high), (low, self.text(high)),
                                (self.text(low), latin(high)), (latin(low), self.text(high)),
                                (self.text(low), self.text(high))):
                self.assertTrue(left < right)
                self.assertTrue(left <= right)
                self.assertFalse(left > right)
                self.assertFalse(left >= right)
                self.assertTrue(right > left)
                self.assertTrue(right >= left)
                self.assertFalse(right < left)
                self.assertFalse(right <= left)

        self.each(table.TEXT_ORDER, check)

    def test_order_of_equals(self):
        for same in ('abc', b'abc'):
            text = self.text('abc')
            self.assertTrue(text <= same and text >= same and same <= text and same >= text)
            self.assertFalse(text < same or text > same or same < text or same > text)

    @world.needs_python3
    def test_order_with_other_characters(self):
        text = self.text('\xff')
        self.assertTrue(text < u'\u0100')
        self.assertTrue(u'\u0100' > text)
        self.assertFalse(text >= u'\u20ac')

    @world.needs_python3
    def test_no_order_with_other_things(self):
        text = self.text('5')
        for compare in (lambda: text < 5, lambda: text >= None, lambda: 5 < text):
            self.fails(TypeError, None, compare)

    def test_sorting(self):
        names = ['b', 'a', 'C', 'aa', '\xe9']
        self.assertEqual(sorted(map(self.text, names)), sorted(names))
        self.assertEqual(min(self.text('b'), 'a'), 'a')

    def test_containment(self):
        text = self.text('a bc\0\xe9')
        for part in ('bc', 'a', '', '\0', '\xe9', 'a bc\0\xe9'):
            self.assertTrue(part in text)
            self.assertTrue(latin(part) in text)
            self.assertTrue(self.text(part) in text)
        for part in ('cb', 'A', 'a bc\0\xe9x'):
            self.assertFalse(part in text)
            self.assertTrue(part not in text)
            self.assertFalse(latin(part) in text)

    @world.needs_python3
    def test_containment_is_of_latin_1(self):
        self.assertFalse(u'\u20ac' in self.text('abc\xe2\x82\xac'))

    def test_in_a_list(self):
        self.assertTrue(self.text('b') in ['a', 'b'])
        self.assertTrue('b' in [self.text('a'), self.text('b')])
        self.assertFalse(self.text('c') in ['a', b'b'])
        self.assertEqual(['x', 'b'].index(self.text('b')), 1)
        self.assertEqual(('b', b'b', 'x').count(self.text('b')), 2)

    def test_hash(self):
        for native in ('', 'a', 'key', 'a\0b', '\xe9\xff', 'x' * 1000):
            text = self.text(native)
            self.assertEqual(hash(text), hash(latin(native)))
            self.assertEqual(hash(text), hash(native))
            self.assertEqual(hash(text), hash(text))

    def test_look_up_in_a_dict(self):
        for native in ('', 'a', 'key', 'a\0b', '\xe9\xff'):
            text = self.text(native)
            self.assertEqual({native: 1}[text], 1)
            self.assertEqual({latin(native): 1}[text], 1)
            self.assertEqual({text: 1}[native], 1)
            self.assertEqual({text: 1}[latin(native)], 1)
            self.assertEqual({text: 1}[self.text(native)], 1)
            self.assertIsNone({native + 'x': 1}.get(text))

    def test_look_up_in_big_dicts_and_sets(self):
        names = ['name%d' % n for n in range(1000)]
        by_name = dict((name, n) for n, name in enumerate(names))
        by_bytes = dict((latin(name), n) for n, name in enumerate(names))
        for n in range(0, 1000, 7):
            text = self.text('name%d' % n)
            self.assertEqual((by_name[text], by_bytes[text]), (n, n))
        self.assertTrue(self.text('name5') in set(names))
        self.assertTrue('b' in set([self.text('a'), self.text('b')]))
        self.assertEqual(len(set([self.text('a'), self.text('a'), 'a'])), 1)

    def test_as_a_key_of_its_own(self):
        counts = {}
        for word in self.text('a b a c b a').split():
            counts[word] = counts.get(word, 0) + 1
        self.assertEqual((counts['a'], counts['b'], counts[b'c'], len(counts)), (3, 2, 1, 3))
        counts['a'] = 9
        self.assertEqual((counts[self.text('a')], len(counts)), (9, 3))


class Concatenation(TextCase):
    """+ on both sides."""

    def test_both_sides(self):
        for left, right in (('ab', 'cd'), ('', 'x'), ('x', ''), ('a\0', '\xe9')):
            for value in (self.text(left) + right, left + self.text(right),
                          self.text(left) + latin(right), latin(left) + self.text(right),
                          self.text(left) + self.text(right)):
                self.is_text(value, left + right)

    def test_in_place(self):
        value = self.text('ab')
        value += 'cd'
        value += b'ef'
        self.is_text(value, 'abcdef')
        value = 'ab'
        value += self.text('cd')
        self.is_text(value, 'abcd')

    def test_chains(self):
        self.is_text('<' + self.text('a') + '|' + self.text('b') + '>', '<a|b>')

    def test_other_things(self):
        for call in (lambda: self.text('5') + 5, lambda: 5 + self.text('5'),
                     lambda: self.text('5') + None, lambda: self.text('5') + ['5'],
                     lambda: ['5'] + self.text('5'), lambda: None + self.text('5')):
            self.fails(TypeError, None, call)

    @world.needs_python3
    def test_characters_above_latin_1(self):
        self.fails(UnicodeEncodeError, None, lambda: self.text('a') + u'\u20ac')
        self.fails(UnicodeEncodeError, None, lambda: u'\u20ac' + self.text('a'))


class Methods(TextCase):
    """The listed methods take str and bytes, and return the same type."""

    def _same(self, value, expected):
        """Strings are of the type that read returns, however deep."""
        if isinstance(expected, str):
            return self.is_text(value, expected)
        self.assertIs(type(value), type(expected))
        if isinstance(expected, (list, tuple)):
            self.assertEqual(len(value), len(expected))
            for v, e in zip(value, expected):
                self._same(v, e)
        else:
            self.assertEqual(value, expected)

    def _convert(self, args, one):
        """The arguments, with each string made another one."""
        return tuple(one(a) if isinstance(a, str) else
                     tuple(map(one, a)) if isinstance(a, tuple) else a for a in args)

    def test_with_str(self):
        self.each(table.TEXT_METHODS, lambda name, native, args, expected: self._same(
            getattr(self.text(native), name)(*args), expected))

    def test_with_bytes(self):
        self.each(table.TEXT_METHODS, lambda name, native, args, expected: self._same(
            getattr(self.text(native), name)(*self._convert(args, latin)), expected))

    def test_with_what_was_read(self):
        self.each(table.TEXT_METHODS, lambda name, native, args, expected: self._same(
            getattr(self.text(native), name)(*self._convert(args, self.text)), expected))

    def test_the_table_has_every_method(self):
        self.assertEqual(sorted(set(row[0] for row in table.TEXT_METHODS)),
                         sorted(table.TEXT_METHOD_NAMES))

    def test_mixed_tuples(self):
        self.assertTrue(self.text('abc').startswith(('x', b'a')))
        self.assertTrue(self.text('abc').endswith((b'x', self.text('c'))))
        self.assertFalse(self.text('abc').startswith(('x', b'y')))

    def test_not_found(self):
        self.fails(ValueError, None, self.text('abc').index, 'x')
        self.fails(ValueError, None, self.text('abc').rindex, 'x')
        self.fails(ValueError, None, self.text('abc').split, '')

    def test_wrong_types(self):
        text = self.text('abc')
        for name in ('split', 'find', 'startswith', 'index', 'strip', 'partition'):
            self.fails(TypeError, None, getattr(text, name), 5.5)
        self.fails(TypeError, None, text.replace, 'a', None)
        self.fails(TypeError, None, text.ljust, 'a')

    def test_nothing_changes_the_string(self):
        text = self.text('abc')
        text.upper(), text.replace('a', 'x'), text.strip('a')
        self.is_text(text, 'abc')

    def test_results_can_be_used_on(self):
        card = self.text("SIMPLE  =                    T / comment".ljust(80))
        name, value = card.split('=', 1)
        self.assertEqual(name.strip(), 'SIMPLE')
        self.assertEqual(value.split('/')[0].strip(), 'T')
        self.assertEqual(card[:8].strip().lower().upper() + '!', 'SIMPLE!')
        self.assertEqual({'T': True}[value.split('/')[0].strip()], True)


class Indexing(TextCase):
    """Integer indices and iteration give one character, slices the same type."""

    def test_index(self):
        text = self.text('abc\xe9\0')
        for n, character in enumerate('abc\xe9\0'):
            self.assertIs(type(text[n]), str)
            self.assertEqual(text[n], character)
            self.assertEqual(text[n - 5], character)
        self.fails(IndexError, None, lambda: text[5])
        self.fails(IndexError, None, lambda: text[-6])
        self.fails(TypeError, None, lambda: text['a'])
        self.fails(TypeError, None, lambda: text[1.0])

    def test_index_by_other_integers(self):
        text = self.text('abc')
        self.assertEqual((text[True], text[table.WithIndex(2)], text[table.long(1)]),
                         ('b', 'c', 'b'))

    def test_slices(self):
        text = self.text('abcdef')
        for part in (slice(3), slice(2, None), slice(1, 4), slice(None, None, 2),
                     slice(None, None, -1), slice(-2, None), slice(9, 12), slice(None)):
            self.is_text(text[part], 'abcdef'[part])
        self.assertTrue(text[:3] == 'abc' and text[3:].upper() == 'DEF')

    def test_iteration(self):
        text = self.text('ab\xe9')
        self.assertEqual([type(c) for c in text], [str] * 3)
        self.assertEqual(list(text), ['a', 'b', '\xe9'])
        self.assertEqual(''.join(text), 'ab\xe9')
        self.assertEqual(''.join(c for c in text if c.isalpha() and c < 'z'), 'ab')
        self.assertEqual(list(reversed(text)), ['\xe9', 'b', 'a'])
        self.assertEqual(list(self.text('')), [])
        self.assertEqual(list(zip(text, 'xyz'))[1], ('b', 'y'))
        first, second, third = text
        self.assertEqual((first, third), ('a', '\xe9'))

    def test_length(self):
        self.assertEqual(len(self.text('abc\0')), 4)

    def test_ord(self):
        self.assertEqual(ord(self.text('\x10')), 16)
        self.assertEqual(ord(self.text('ab')[1]), 98)
        self.assertEqual([ord(c) for c in self.text('\0\xff')], [0, 255])


class Formatting(TextCase):
    """str(), format(), % and numbers."""

    def test_str(self):
        for native in ('', 'abc', '\xe9', 'a\0b'):
            self.assertIs(type(str(self.text(native))), str)
            self.assertEqual(str(self.text(native)), native)

    def test_percent(self):
        def check(form, native, expected):
            self.assertEqual(form % self.text(native), expected)
            self.assertEqual(form % (self.text(native),), expected)
            self.assertIs(type(form % self.text(native)), str)

        self.each(table.TEXT_FORMATS, check)
        self.assertEqual('%(a)s-%(a)s' % {'a': self.text('x')}, 'x-x')

    def test_format(self):
        def check(form, native, expected):
            self.assertEqual(form.format(self.text(native)), expected)

        self.each(table.TEXT_NEW_FORMATS, check)
        self.assertEqual(format(self.text('ab'), '>4'), '  ab')
        self.assertEqual(format(self.text('ab')), 'ab')

    def test_print(self):
        status, out, err = self.program(
            'from __future__ import print_function\nimport shm, sys\n'
            'm = shm.memory(shm.getshmid(int(sys.argv[1]))); m.attach(); m.write("printed")\n'
            'print(m.read(7)); print("<%s>" % m.read(5)); sys.stdout.write(str(m.read(3)))',
            self.m.key)
        self.assertEqual((status, out, err), (0, 'printed\n<print>\npri', ''))

    def test_no_warning_when_bytes_are_forbidden(self):
        if not PY3:
            self.skipTest('-bb is an option of Python 3')
        code = ('import subprocess, sys\n'
                'code = "import shm, sys; m = shm.create_memory(0, 9); m.attach();'
                'shm.remove_memory(m.shmid); m.write(\'abc\'); t = m.read(3);'
                'print(str(t), t == \'abc\', {\'abc\': 1}[t], \'%s\' % t); m.detach()"\n'
                'sys.exit(subprocess.call([sys.executable, "-bb", "-c", code]))')
        status, out, err = self.program(code)
        self.assertEqual((status, out.strip(), err), (0, 'abc True 1 abc', ''))

    def test_numbers(self):
        self.assertEqual(int(self.text('  12')), 12)
        self.assertEqual(int(self.text('ff'), 16), 255)
        self.assertEqual(float(self.text('1.5 ')), 1.5)
        self.fails(ValueError, None, int, self.text('x'))


class RealBytes(TextCase):
    """As bytes it passes through everything binary."""

    def test_struct(self):
        self.m.write(struct.pack('<iHd', -5, 6, 1.5))
        self.assertEqual(struct.unpack('<iHd', self.m.read(14)), (-5, 6, 1.5))
        self.assertEqual(struct.unpack('<H', self.m.read(14)[4:6]), (6,))
        self.assertEqual(struct.unpack_from('<i', self.m.read(14)), (-5,))

    def test_hashlib(self):
        text = self.text('data')
        self.assertEqual(hashlib.md5(text).hexdigest(), hashlib.md5(b'data').hexdigest())
        digest = hashlib.sha256(b'da')
        digest.update(text[2:])
        self.assertEqual(digest.digest(), hashlib.sha256(b'data').digest())

    def test_pickled_data(self):
        value = {'a': [1, 2.5, None], 'b': ('x', b'y')}
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            data = pickle.dumps(value, protocol)
            self.m.write(data, 8)
            self.assertEqual(pickle.loads(self.m.read(len(data), 8)), value)

    def test_pickle_of_itself(self):
        for native in ('', 'abc', '\xe9\0\xff'):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                other = pickle.loads(pickle.dumps(self.text(native), protocol))
                self.assertEqual(bytes(other), latin(native))
                self.is_text(other, native)

    def test_copy(self):
        text = self.text('abc')
        self.is_text(copy.copy(text), 'abc')
        self.is_text(copy.deepcopy([text])[0], 'abc')

    def test_bytes_and_views(self):
        text = self.text('abc')
        self.assertIs(type(bytes(text)), bytes)
        self.assertEqual(bytes(text), b'abc')
        self.assertEqual(bytearray(text), bytearray(b'abc'))
        self.assertEqual(memoryview(text).tobytes(), b'abc')
        self.assertEqual(memoryview(text).tolist(), [97, 98, 99])
        self.assertEqual(text.decode('ascii'), u'abc')
        self.assertEqual(self.text('\xc3\xa9').decode('utf-8'), u'\xe9')
        self.assertEqual(b'-'.join([text, text]), b'abc-abc')
        self.assertTrue(isinstance(text, bytes))

    def test_encoders(self):
        text = self.text('\x00\xff')
        self.assertEqual(binascii.hexlify(text), b'00ff')
        self.assertEqual(base64.b64encode(text), b'AP8=')
        self.assertEqual(zlib.crc32(text), zlib.crc32(b'\x00\xff'))
        self.assertEqual(zlib.decompress(self.text(zlib.compress(b'abc').decode('latin-1'))
                                         if PY3 else zlib.compress(b'abc')), b'abc')

    def test_ctypes(self):
        self.m.write(table.Point(3, -4), 12)
        point = table.Point.from_buffer_copy(self.m.read(ctypes.sizeof(table.Point), 12))
        self.assertEqual((point.x, point.y), (3, -4))

    def test_files_and_sockets(self):
        with tempfile.TemporaryFile() as file:
            file.write(self.text('\xe9bc'))
            file.seek(0)
            self.assertEqual(file.read(), b'\xe9bc')
        self.assertEqual(io.BytesIO(self.text('xyz')).read(2), b'xy')
        left, right = socket.socketpair()
        left.sendall(self.text('sent'))
        self.assertEqual(right.recv(10), b'sent')
        left.close()
        right.close()
        reader, writer = os.pipe()
        os.write(writer, self.text('pipe'))
        self.assertEqual(os.read(reader, 10), b'pipe')
        os.close(reader)
        os.close(writer)

    def test_array(self):
        import array
        numbers = array.array('i')
        data = struct.pack('3i', 1, 2, 3)
        self.m.write(data)
        getattr(numbers, 'frombytes' if PY3 else 'fromstring')(self.m.read(len(data)))
        self.assertEqual(numbers.tolist(), [1, 2, 3])

    def test_regular_expressions_of_bytes(self):
        self.assertEqual(re.match(b'(\\w+)=', self.text('key=5')).group(1), b'key')

    @world.needs_numpy
    def test_numpy(self):
        n = world.numpy
        self.m.write(n.arange(5, dtype='f8'))
        self.assertEqual(n.frombuffer(self.m.read(40), 'f8').tolist(), [0, 1, 2, 3, 4])
        self.assertEqual(n.frombuffer(self.m.read(40)[8:16], 'f8').tolist(), [1])


class Writing(TextCase):
    """What write and InitCharacter make of text."""

    @world.needs_python3
    def test_latin_1(self):
        everything = ''.join(map(chr, range(256)))
        self.m.write(everything)
        self.assertEqual(bytes(self.m.read(256)), bytes(range(256)))
        self.assertTrue(self.m.read(256) == everything)
        self.m.write('\xe9', 300)
        self.assertEqual(bytes(self.m.read(2, 300)), b'\xe9\0')

    def test_above_latin_1(self):
        self.m.write(b'untouched')
        for data in (u'\u20ac', u'abc\u0100', u'\U0001f600'):
            self.fails(UnicodeEncodeError, None, self.m.write, data)
        self.assertEqual(bytes(self.m.read(9)), b'untouched')

    @world.needs_python3
    def test_surrogates(self):
        self.fails(UnicodeEncodeError, None, self.m.write, '\udce9')

    @unittest.skipIf(PY3, 'on Python 3 str is Latin-1')
    def test_unicode_of_python_2_is_ascii_L3_3_14(self):
        self.m.write(u'ascii')
        self.assertEqual(self.m.read(5), 'ascii')
        self.fails(UnicodeEncodeError, None, self.m.write, u'\xe9')

    def test_limits_count_bytes(self):
        m = self.attached(4)
        m.write(u'abcd')
        self.error(table.WRITE_LIMIT, m.write, u'abcde')
        self.error(table.WRITE_LIMITS, m.write, u'abcd', 1)

    def test_lock_byte(self):
        self.m.write(chr(0x10))
        self.assertEqual(ord(self.m.read(1)), 0x10)
        self.assertTrue(self.m.read(1) == chr(0x10))


if __name__ == '__main__':
    unittest.main()
