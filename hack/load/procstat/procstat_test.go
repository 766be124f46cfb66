package procstat

import (
	"os"
	"testing"
)

func TestWorkCosts(t *testing.T) {
	t.Parallel()
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	hash := uint64(1)
	for after := before; after < before+2*Resolution; {
		for range 1_000_000 {
			hash = hash*6364136223846793005 + 1
		}
		if after, err = CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if hash == 0 {
		t.Error("unreachable, but keeps the loop")
	}
	if _, err := CPU(1 << 30); err == nil {
		t.Error("a process that does not exist used time")
	}
}

func TestMemoryIsSeen(t *testing.T) {
	t.Parallel()
	before, err := MemoryOf(os.Getpid())
	if err != nil {
		t.Skip(err) // a kernel without smaps_rollup
	}
	const size = 64 << 20
	block := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		block[i] = 1
	}
	after, err := MemoryOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if grown := after.Sub(before).User; grown < size/2 {
		t.Errorf("%d bytes more after touching %d", grown, size)
	}
	if block[4096] != 1 || after.Slab == 0 {
		t.Errorf("%+v", after)
	}
	if available, err := Available(); err != nil || available == 0 {
		t.Errorf("%d, %v", available, err)
	}
}
