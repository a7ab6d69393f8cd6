package main

import (
	"os"
	"path/filepath"

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

// renderInto writes what "make record-addons" installs: of each recording what the
// install's chart renders to, as RECORDING.yaml.
func (m *mapper) renderInto(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(a addons.Addon, i addons.Install, recording string, values map[string]any) error {
		i.From.Recorded = ""
		src, err := m.source(i.From)
		if err != nil {
			return err
		}
		r, err := src.render(i, release(a, i), values)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, recording+".yaml"), r.text, 0o644)
	}
	for _, a := range addons.Index() {
		for _, i := range a.Installs {
			if i.From.Recorded == "" {
				continue
			}
			if err := write(a, i, i.From.Recorded, i.Values); err != nil {
				return err
			}
			for _, c := range i.Safe {
				if c.Recorded == "" {
					continue
				}
				if err := write(a, i, c.Recorded, merged(i.Values, c.Values)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
