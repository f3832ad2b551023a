# SPDX-License-Identifier: Apache-2.0
# Hashes (with Perl's random seed), regular expressions, sorting, strings.
use strict; use warnings; srand(3);
sub words { my $n = shift; return map { join "", map { ("a".."h")[rand 8] } 1 .. 3 + rand 6 } 1 .. $n }
sub count { my %c; $c{substr $_, 0, 3}++ for @_; return scalar keys %c }
sub match { my $n = 0; for (@_) { $n++ if /^(a|b)+c?d*/ } return $n }
sub walk { my %h = map { $_ => length } @_; my $s = 0; $s += $h{$_} for keys %h; return $s }
sub change { my $s = join ",", @_; $s =~ s/(a+)b/$1x/g; return length $s }
my $t = 0;
for (1 .. 110) { my @w = words(20000); $t += count(@w) + match(@w) + walk(@w) + change(@w); my @s = sort @w; $t += @s }
print "$t\n";
