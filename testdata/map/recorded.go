package main

import (
	"os"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// recorded are the objects of a recording, as manifests.
func recorded(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		return nil, err
	}
	return addons.Manifest(s)
}
