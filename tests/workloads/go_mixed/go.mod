module sonde.test/go_mixed

go 1.18
