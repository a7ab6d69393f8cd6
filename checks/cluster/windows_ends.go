package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// semiAnnual begins the image types of Windows Server's Semi-Annual Channel. Since
// semiAnnualEnd GKE makes no new pools of these, and upgrades none that there are
// (cloud.google.com/kubernetes-engine/docs/archive/windows-server-sac, read 2026-11-30).
const (
	semiAnnual    = "WINDOWS_SAC"
	semiAnnualEnd = "2022-08-09"
	longTerm      = "WINDOWS_LTSC"
)

// windowsEnds is until when Microsoft mends what is unsafe in each version of the Long-Term
// Servicing Channel (learn.microsoft.com/lifecycle/products/windows-server-2019, -2022 and
// -2025, extended end date; the first two read in
// github.com/MicrosoftDocs/lifecycle-data-pr.ru-ru, the last in what
// github.com/altrhombus/DataForGeeks had read there on 2026-05-14, which has each a day
// later; 2026-11-30). Until when GKE makes images of it is not published. For the last its
// API has no name yet (cloud.google.com/go/container v1.56.0): LTSC2025 is like the others'.
var windowsEnds = map[string]string{"LTSC2019": "2029-01-09", "LTSC2022": "2031-10-14", "LTSC2025": "2034-11-14"}

const (
	// windowsSoon and windowsLater are how long before the end it is a warning, and told.
	windowsSoon  = 365 * 24 * time.Hour
	windowsLater = 3 * windowsSoon
)

// windowsEnd judges the version of Windows of the pool at i; false where it has none that ends.
func windowsEnd(s *facts.Snapshot, i int, p facts.NodePool) (f preflight.Finding, ok bool) {
	f = preflight.Finding{Severity: preflight.Warning, Subject: finding.PoolSubject(p)}
	image, version := p.Template.ImageType, p.Template.Windows
	another := remedy.Do("make a pool of a newer one, and move what runs there",
		finding.PoolCommand(s, "create", "POOL", "--image-type", "WINDOWS_LTSC_CONTAINERD", "--windows-os-version", "ltsc2022")).Where("POOL", "the name of the new pool")
	switch end, known := windowsEnds[version]; {
	case strings.HasPrefix(image, semiAnnual):
		f.Summary = fmt.Sprintf("node pool %s is of image type %s, which ended on %s: GKE upgrades no node of it", p.Name, image, semiAnnualEnd)
		f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, image, "cloud.google.com/kubernetes-engine/docs/archive/windows-server-sac", "/%d/template/imageType", i)}
		f.Steps = another
		return f, true
	case !strings.HasPrefix(image, longTerm):
		return f, false
	case version == "":
		f.Severity, f.Undecided = preflight.Info, fmt.Sprintf("which version of Windows the nodes of pool %s are of was not told, and so not when it ends", p.Name)
		return f, true
	case !known:
		f.Severity, f.Undecided = preflight.Info, fmt.Sprintf("when Windows Server %s ends, of which the nodes of pool %s are, is not known to this version of gke-preflight", version, p.Name)
		return f, true
	default:
		at, _ := time.Parse(time.DateOnly, end)
		left := at.Sub(s.Meta.Now())
		if left > windowsLater {
			return f, false
		}
		if left > windowsSoon {
			f.Severity = preflight.Info
		}
		verb := "ends"
		if left < 0 {
			verb = "ended"
		}
		f.Summary = fmt.Sprintf("node pool %s is of Windows Server %s, whose support by Microsoft %s on %s: its nodes, and the containers on them, get no security updates after that", p.Name, version, verb, end)
		f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, version, "learn.microsoft.com/lifecycle/products/windows-server-"+strings.TrimPrefix(version, "LTSC"), "/%d/template/windows", i)}
		if version == "LTSC2019" {
			f.Steps = another
		} else {
			f.Steps = remedy.Do("plan for a newer version, as soon as GKE has one")
		}
		return f, true
	}
}
