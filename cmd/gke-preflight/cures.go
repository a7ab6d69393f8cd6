package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// cureFiles are a patch and a manifest for each object, and what to do with them.
func cureFiles(r cure.Report) ([]file, error) {
	var files []file
	var readme bytes.Buffer
	readme.WriteString("# Patches that let the upgrade through\n\nMade by gke-preflight fix. Nothing was applied: look at each, then apply its\npatch or its manifest, or make the same change in the source that the object is\nmanaged from. A patch applies only where the object still is as it was seen.\n\n## Before and after\n\n```\n")
	if err := render.Fix(&readme, r, render.Options{ASCII: true}); err != nil {
		return nil, err
	}
	readme.WriteString("```\n")
	for _, c := range slices.Concat(r.Cures, r.Precautions) {
		var patch bytes.Buffer
		if err := json.Indent(&patch, c.Patch, "", "  "); err != nil {
			return nil, err
		}
		patch.WriteByte('\n')
		files = append(files, file{c.PatchFile(), patch.Bytes()}, file{c.ManifestFile(), []byte(c.Manifest)})
		readme.WriteString(instructions(c))
	}
	return append(files, file{"README.md", readme.Bytes()}), nil
}

func instructions(c cure.Cure) string {
	apply := "kubectl apply --server-side --field-manager=gke-preflight"
	if c.Force {
		apply += " --force-conflicts"
	}
	return fmt.Sprintf(`
## %s %s

Patched, it %s. Try it first with --dry-run=server.

`+"```"+`
kubectl patch %s %s --type=json --patch-file=%s
`+"```"+`

or

`+"```"+`
%s -f %s
`+"```"+`
`, c.Kind, c.Name, c.Does, strings.ToLower(c.Kind), c.Name, c.PatchFile(), apply, c.ManifestFile())
}

// writeAll writes the files into dir, all or none. Unless forced it writes none if one
// of them is there.
func writeAll(dir string, files []file, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.name)); err == nil && !force {
			return fmt.Errorf("%s exists: --force replaces it", filepath.Join(dir, f.name))
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i := range files {
		files[i].name = filepath.Join(dir, files[i].name)
	}
	return writeFiles(files, 0)
}
