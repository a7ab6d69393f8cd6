package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The program stays small: a call of text/template alone has the linker keep all
// methods of all types, which made it half as large again.
func TestProgramIsSmall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "gke-preflight")
	if out, err := exec.Command("go", "build", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if mb := info.Size() / 1e6; mb >= 70 {
		t.Errorf("it has %d MB, and may have 70", mb)
	}
}
