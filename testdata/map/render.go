package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// kubernetes is the version that charts are told they are installed on.
const kubernetes = "v1.35.0"

type rendered struct {
	text []byte
	// version is that of the chart's application; empty for what is no chart.
	version string
}

type helmRelease struct{ name, namespace string }

func release(a addons.Addon, i addons.Install) helmRelease {
	return helmRelease{a.Name, cmp.Or(i.Namespace, a.Name)}
}

// render is what kubectl would apply of an install.
func (s source) render(i addons.Install, r helmRelease, values map[string]any) (rendered, error) {
	switch f := i.From; {
	case f.Recorded != "":
		b, err := recorded(filepath.Join(s.dir, f.Recorded))
		return rendered{text: b}, err
	case f.Chart != "":
		chart, err := helm(filepath.Join(s.dir, f.Chart), r, values)
		if err != nil || f.Files == nil {
			return chart, err
		}
		beside, err := files(s.dir, f.Files)
		chart.text = append(chart.text, beside.text...)
		return chart, err
	case f.Kustomization != "":
		return kustomize(filepath.Join(s.dir, f.Kustomization))
	case f.Written != "":
		return files(s.dir, []string{f.Written})
	default:
		return files(s.dir, f.Files)
	}
}

// kustomize is kubectl kustomize --load-restrictor LoadRestrictionsNone.
func kustomize(dir string) (rendered, error) {
	o := krusty.MakeDefaultOptions()
	o.LoadRestrictions = types.LoadRestrictionsNone
	m, err := krusty.MakeKustomizer(o).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return rendered{}, err
	}
	b, err := m.AsYaml()
	return rendered{text: b}, err
}

// files are manifests one after the other: files, and all YAML files of directories.
func files(dir string, names []string) (rendered, error) {
	var text bytes.Buffer
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) || d.Name() == "kustomization.yaml" {
				return err
			}
			b, err := os.ReadFile(path)
			fmt.Fprintf(&text, "---\n%s\n", b)
			return err
		})
		if err != nil {
			return rendered{}, err
		}
	}
	return rendered{text: text.Bytes()}, nil
}

// helm is helm template --include-crds --kube-version.
func helm(dir string, r helmRelease, values map[string]any) (rendered, error) {
	c, err := load(dir)
	if err != nil {
		return rendered{}, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return rendered{}, err
	}
	caps := *chartutil.DefaultCapabilities
	caps.KubeVersion = chartutil.KubeVersion{Version: kubernetes, Major: "1", Minor: "35"}
	v, err := chartutil.ToRenderValuesWithSchemaValidation(c, values, chartutil.ReleaseOptions{Name: r.name, Namespace: r.namespace, Revision: 1, IsInstall: true}, &caps, true)
	if err != nil {
		return rendered{}, err
	}
	templates, err := engine.Render(c, v)
	if err != nil {
		return rendered{}, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", r.namespace)
	for _, crd := range c.CRDObjects() {
		fmt.Fprintf(&text, "---\n%s\n", crd.File.Data)
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range templates {
			if !yield(n) {
				return
			}
		}
	}) {
		if ext := filepath.Ext(name); (ext == ".yaml" || ext == ".yml") && strings.TrimSpace(templates[name]) != "" && !passing(templates[name]) {
			fmt.Fprintf(&text, "---\n%s\n", templates[name])
		}
	}
	return rendered{text.Bytes(), cmp.Or(c.Metadata.AppVersion, c.Metadata.Version)}, nil
}

// passing reports whether a template is of what is there for a while only: tests, and
// Jobs that Helm runs before or after.
func passing(template string) bool {
	return hook.MatchString(template) && (job.MatchString(template) || test.MatchString(template))
}

var (
	hook = regexp.MustCompile(`(?m)^\s*"?helm\.sh/hook"?: `)
	job  = regexp.MustCompile(`(?m)^kind: Job$`)
	test = regexp.MustCompile(`(?m)^\s*"?helm\.sh/hook"?: .*(test|delete|rollback)`)
)

// placeholder is of a chart's version that a release fills in.
var placeholder = regexp.MustCompile(`(?m)^(version|appVersion): .*(%|\{\{|\$|undefined).*$`)

// variable is one that the makers fill in when they release.
var variable = regexp.MustCompile(`\$\{\w+\}`)

// load reads a chart, with those that it depends on where they stand beside it. A
// version that the makers fill in when they release is taken for 0.0.0.
func load(dir string) (*chart.Chart, error) {
	if _, err := os.Stat(filepath.Join(dir, "Chart.yaml")); err != nil {
		return nil, err
	}
	all, err := chartFiles(dir, "")
	if err != nil {
		return nil, err
	}
	c, err := loader.LoadFiles(all)
	if err != nil {
		return nil, err
	}
	for _, d := range c.Metadata.Dependencies {
		beside, ok := strings.CutPrefix(d.Repository, "file://")
		if !ok || slices.ContainsFunc(c.Dependencies(), func(o *chart.Chart) bool { return o.Name() == d.Name }) {
			continue
		}
		sub, err := load(filepath.Join(dir, beside))
		if err != nil {
			return nil, err
		}
		d.Version = ""
		c.AddDependency(sub)
	}
	return c, nil
}

// chartFiles are the files of a chart, by their path in it. Links are followed, as Helm
// does.
func chartFiles(dir, in string) ([]*loader.BufferedFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []*loader.BufferedFile
	for _, e := range entries {
		path, name := filepath.Join(dir, e.Name()), filepath.ToSlash(filepath.Join(in, e.Name()))
		info, err := os.Stat(path)
		switch {
		case err != nil || e.Name() == "tests" || e.Name() == "ci":
		case info.IsDir():
			below, err := chartFiles(path, name)
			if err != nil {
				return nil, err
			}
			all = append(all, below...)
		default:
			b, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if e.Name() == "Chart.yaml" {
				b = placeholder.ReplaceAll(b, []byte("$1: 0.0.0"))
			}
			if e.Name() == "values.tmpl.yaml" {
				name, b = filepath.ToSlash(filepath.Join(in, "values.yaml")), variable.ReplaceAll(b, []byte("example.org/filled/in:0"))
			}
			all = append(all, &loader.BufferedFile{Name: name, Data: bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))})
		}
	}
	return all, nil
}

// merged are the values of a chart with others over them.
func merged(values, over map[string]any) map[string]any {
	return chartutil.CoalesceTables(copied(over), copied(values))
}

func copied(values map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range values {
		if m, ok := v.(map[string]any); ok {
			v = copied(m)
		}
		out[k] = v
	}
	return out
}
