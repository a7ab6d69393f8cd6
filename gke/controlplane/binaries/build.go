package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Build builds the program from the published modules, which the go command fetches,
// and puts it at b.Path. It compiles beside it and renames, so that what stands there
// is always whole, also where two run at once. It takes Go on the PATH, and minutes.
func Build(ctx context.Context, b Binary) error {
	dir := filepath.Dir(b.Path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(dir, "building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := errors.Join(os.WriteFile(filepath.Join(tmp, "go.mod"), b.Mod, 0o644), os.WriteFile(filepath.Join(tmp, "go.sum"), b.Sum, 0o644)); err != nil {
		return err
	}
	made := filepath.Join(tmp, b.Name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", made, "-gcflags=all=-dwarf=false", "-ldflags", b.LDFlags, b.Package)
	cmd.Dir = tmp
	// Killed, it would leave its compilers behind.
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", b.Package, err, said)
	}
	return os.Rename(made, b.Path)
}
