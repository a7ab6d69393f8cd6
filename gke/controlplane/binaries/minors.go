package binaries

import (
	"os"
	"slices"
)

// MinorsEnv is the environment variable that extends tests from the everyday
// minors to all of them, if it is "all": "make test-matrix" sets it.
const MinorsEnv = "GKE_PREFLIGHT_MINORS"

// Hop returns the kube-apiservers of the upgrade that everyday tests make: the
// newest, and that of the minor before it. They may not have been built yet.
func Hop() (from, to Binary, err error) {
	all, err := All()
	if err != nil {
		return from, to, err
	}
	servers := slices.DeleteFunc(all, func(b Binary) bool { return b.Name != "kube-apiserver" })
	return servers[1], servers[0], nil
}

// Minors returns every minor of kube-apiserver that the rig can build, such as
// 1.36, the oldest first.
func Minors() ([]string, error) { return minors(All) }

// Tested returns the minors that tests use, the oldest first: those of Everyday,
// or with [MinorsEnv] all.
func Tested() ([]string, error) {
	if os.Getenv(MinorsEnv) == "all" {
		return Minors()
	}
	return minors(Everyday)
}

func minors(of func() ([]Binary, error)) ([]string, error) {
	all, err := of()
	var lines []string
	for _, b := range all {
		if b.Name == "kube-apiserver" {
			lines = append(lines, b.Minor())
		}
	}
	slices.Reverse(lines)
	return lines, err
}
