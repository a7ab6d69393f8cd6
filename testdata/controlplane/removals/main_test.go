package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/removals"
)

// TestReproducible makes the table anew from the published modules: it is the
// one that is there, byte for byte.
func TestReproducible(t *testing.T) {
	made, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadFile("../../../" + output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, there) {
		t.Error("make removals would change it")
	}
	read, err := versions()
	if err != nil {
		t.Fatal(err)
	}
	if newest := read[len(read)-1]; !strings.HasPrefix(newest, "v0."+strings.TrimPrefix(removals.Newest(), "1.")+".") {
		t.Errorf("the newest module is %s, and removals.Newest %s", newest, removals.Newest())
	}
}

// TestGone: a type that a later module lacks was removed then at the latest.
func TestGone(t *testing.T) {
	api := func(version, removed, module string) removals.API {
		return removals.API{Group: "example.io", Version: version, Kind: "Thing", Resource: "things", Removed: removed, Origin: "k8s.io/api@" + module + "/example/" + version}
	}
	made, err := table([]module{
		{"k8s.io/api", "v0.35.1", []removals.API{api("v1alpha1", "1.40", "v0.35.1"), api("v1beta1", "1.36", "v0.35.1"), api("v1", "", "v0.35.1")}},
		{"k8s.io/api", "v0.36.1", []removals.API{api("v1beta1", "1.38", "v0.36.1"), api("v1", "", "v0.36.1")}},
		{"k8s.io/api", "v0.37.1", []removals.API{api("v1", "", "v0.37.1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := header + `- {"group":"example.io","version":"v1alpha1","kind":"Thing","resource":"things","removed":"1.36","gone":"1.36","origin":"k8s.io/api@v0.35.1/example/v1alpha1"}
- {"group":"example.io","version":"v1beta1","kind":"Thing","resource":"things","removed":"1.37","gone":"1.37","origin":"k8s.io/api@v0.36.1/example/v1beta1"}
`
	if string(made) != want {
		t.Errorf("made\n%swant\n%s", made, want)
	}
}
