package versions

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var chartNotForTarget = preflight.Check{
	ID:       "GP322",
	Name:     "chart-not-for-target",
	Title:    "A Helm release is of a chart that is not for the target",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.HelmCharts, facts.ServerVersion},
	Uses:     []facts.Fact{facts.HelmReleases},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		running := facts.ServerVersion.Of(s).GitVersion
		target, err := asServed(s.Meta.Target, running)
		if err != nil {
			return openRemovals(s, preflight.Warning, "the running version or the target is not known")
		}
		for i, c := range facts.HelmCharts.Of(s) {
			if fits(c.KubeVersion, target) || !fits(c.KubeVersion, running) {
				// What Helm refuses already, the upgrade does not change.
				continue
			}
			fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "HelmRelease", Namespace: c.Namespace, Name: c.Name},
				Summary: fmt.Sprintf("helm release %s/%s is of chart %s %s, which is for Kubernetes %q: once the control plane runs %s, helm upgrade refuses this chart",
					c.Namespace, c.Name, c.Chart, c.Version, c.KubeVersion, s.Meta.Target),
				Evidence: []preflight.Evidence{{Fact: facts.HelmCharts.ID(), Path: fmt.Sprintf("/%d/kubeVersion", i), Value: c.KubeVersion, Note: "kubeVersion of " + c.Chart}},
				Steps: remedy.Do("upgrade the release to a chart that is for the target, before the control plane; what it is of, and who keeps it",
					remedy.Sh("helm list --namespace %s --filter %s", c.Namespace, c.Name))})
		}
		releases, _ := facts.HelmReleases.Get(s)
		for _, r := range releases {
			if r.Problem != "" {
				fs = append(fs, preflight.Finding{Check: "GP314", Severity: preflight.Warning, Subject: preflight.Subject{Kind: "HelmRelease", Namespace: r.Namespace, Name: r.Name}, Undecided: "the release can't be read: " + r.Problem})
			}
		}
		return fs
	},
}

// asServed is the target as its API server will call itself: of a cluster of GKE with the
// build, which Helm takes for a version before the one that it is of.
func asServed(target, running string) (string, error) {
	t, err := version.Parse(target)
	if err != nil {
		return "", err
	}
	r, err := version.Parse(running)
	if err != nil {
		return "", err
	}
	t.Patch = max(t.Patch, 0)
	if r.GKE >= 0 {
		t.GKE = max(t.GKE, 0)
	}
	return t.String(), nil
}

// fits reports whether Helm takes the version for one that the constraint allows
// (helm.sh/helm/v3 pkg/chartutil/compatible.go, IsCompatibleRange).
func fits(constraint, of string) bool {
	v, err := semver.NewVersion(of)
	if err != nil {
		return false
	}
	c, err := semver.NewConstraint(constraint)
	return err == nil && c.Check(v)
}
