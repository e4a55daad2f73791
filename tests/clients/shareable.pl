# IPC::Shareable: children count in a hash that is tied to shared memory, under its lock.
use strict;
use warnings;
use IPC::Shareable;

my ($children, $rounds) = (3, 100);
my %options = (key => "libshm clients", create => 1, exclusive => 1, mode => 0600, size => 20000, destroy => 1);
my $knot = tie my %shared, "IPC::Shareable", \%options or die "tie: $!";
$shared{sum} = 0;
$shared{words} = ["one", {two => 2}];

for my $number (1 .. $children) {
    my $pid = fork // die "fork: $!";
    next if $pid;
    for (1 .. $rounds) {
        $knot->lock;
        $shared{sum} += $number;
        $knot->unlock;
    }
    exit 0;
}
for (1 .. $children) {
    wait;
    die "a child's status is $?\n" if $?;
}
die "the sum is $shared{sum}\n" if $shared{sum} != $rounds * $children * ($children + 1) / 2;
die "the words are other\n" if $shared{words}[0] ne "one" || $shared{words}[1]{two} != 2;
IPC::Shareable->clean_up_all;
