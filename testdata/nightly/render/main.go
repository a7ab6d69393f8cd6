// Command render prints the manifests of the nightly report as kubectl would apply
// them: those of a kustomization, or of the chart.
//
//	render kustomize DIR
//	render helm CHART RELEASE NAMESPACE
//
// It is a module of its own, so that neither kustomize nor Helm is part of the tool.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	out, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
	fmt.Print(out)
}

func run(args []string) (string, error) {
	switch {
	case len(args) == 2 && args[0] == "kustomize":
		return kustomize(args[1])
	case len(args) == 4 && args[0] == "helm":
		return helm(args[1], args[2], args[3], nil)
	}
	return "", errors.New("usage: render kustomize DIR | render helm CHART RELEASE NAMESPACE")
}

// kustomize is kubectl kustomize.
func kustomize(dir string) (string, error) {
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return "", err
	}
	b, err := m.AsYaml()
	return string(b), err
}

// helm is helm template.
func helm(dir, release, namespace string, values map[string]any) (string, error) {
	c, err := loader.Load(dir)
	if err != nil {
		return "", err
	}
	v, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(c, v)
	if err != nil {
		return "", err
	}
	var docs []string
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") && strings.TrimSpace(text) != "" {
			docs = append(docs, strings.Trim(text, "\n")+"\n")
		}
	}
	slices.Sort(docs)
	return strings.Join(docs, "---\n"), nil
}
