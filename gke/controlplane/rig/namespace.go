package rig

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

const (
	// stateEnv tells a program where it runs: inside the namespace, or why not.
	stateEnv = "GKE_PREFLIGHT_CONTROLPLANE"
	inside   = "inside"
	// entering is the state until the network is up.
	entering = "entering"
	// outsideEnv is the number of listeners that a program was given: see [Outside].
	outsideEnv = "GKE_PREFLIGHT_CONTROLPLANE_OUTSIDE"
)

// Main runs m's tests in a namespace of their own and returns the exit code. It
// belongs first in a TestMain. Where there can be no such namespace the tests run
// all the same, and those that call [Require] say so.
func Main(m *testing.M) int {
	code, err := enter(m.Run, nil)
	if err == nil {
		return code
	}
	if err := os.Setenv(stateEnv, err.Error()); err != nil {
		fmt.Fprintln(os.Stderr, "rig:", err)
		return 1
	}
	return m.Run()
}

// Enter runs program in a namespace of its own, in a new process with the same
// arguments, and returns its exit code. It belongs first in a main function:
// what precedes it runs twice. Unlike a test, the program can be reached from
// outside: see [Outside].
func Enter(program func() int) int {
	code, err := enter(program, listenOutside)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rig:", err)
		return 1
	}
	return code
}

// Available returns why the control plane can't run in this process, nil if it
// can.
func Available() error {
	switch state := os.Getenv(stateEnv); state {
	case inside:
	case "":
		return errors.New("the program did not start by rig.Main or rig.Enter")
	default:
		return errors.New(state)
	}
	all, err := binaries.Everyday()
	for i := 0; err == nil && i < len(all); i++ {
		_, err = binaries.Find(all[i].Name, all[i].Minor())
	}
	return err
}

// Require skips the test where the control plane can't run, naming the reason.
// In CI, where the environment has CI=true, it fails the test.
func Require(t testing.TB) {
	t.Helper()
	err := Available()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("the real control plane can't run here: %v", err)
	default:
		t.Skipf("the real control plane can't run here: %v", err)
	}
}
