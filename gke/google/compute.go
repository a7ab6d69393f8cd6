package google

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	transport "google.golang.org/api/transport/http"
)

// computeClient reads firewall rules and regions. The client that Google generates for
// all of Compute takes as long to compile as a twentieth of this program.
type computeClient struct {
	http *http.Client
	base string
}

// newCompute makes a client with the options of google.golang.org/api/compute/v1's.
func newCompute(ctx context.Context, options ...option.ClientOption) (*computeClient, error) {
	client, endpoint, err := transport.NewClient(ctx, options...)
	return &computeClient{client, cmp.Or(endpoint, "https://compute.googleapis.com/compute/v1")}, err
}

// region is what is read of compute/v1's Region.
type region struct {
	Name   string  `json:"name"`
	Quotas []quota `json:"quotas"`
}

type quota struct {
	Metric string  `json:"metric"`
	Limit  float64 `json:"limit"`
	Usage  float64 `json:"usage"`
}

// region asks for a region by its name, of which only what is read is sent.
func (c *computeClient) region(ctx context.Context, project, name string) (r region, err error) {
	err = c.get(ctx, url.Values{"fields": {"name,quotas"}}, &r, "projects", project, "regions", name)
	return r, err
}

// firewall is what is read of compute/v1's Firewall.
type firewall struct {
	Name                  string          `json:"name"`
	Network               string          `json:"network"`
	Direction             string          `json:"direction"`
	Disabled              bool            `json:"disabled"`
	Priority              int64           `json:"priority"`
	Allowed               []protocolPorts `json:"allowed"`
	Denied                []protocolPorts `json:"denied"`
	SourceRanges          []string        `json:"sourceRanges"`
	TargetTags            []string        `json:"targetTags"`
	TargetServiceAccounts []string        `json:"targetServiceAccounts"`
}

type protocolPorts struct {
	Protocol string   `json:"IPProtocol"`
	Ports    []string `json:"ports"`
}

// firewalls gives each page of a project's firewall rules to page, until that returns
// an error.
func (c *computeClient) firewalls(ctx context.Context, project string, page func(rules []firewall, next string) error) error {
	query := url.Values{"maxResults": {"500"}}
	for {
		var list struct {
			Items         []firewall `json:"items"`
			NextPageToken string     `json:"nextPageToken"`
		}
		if err := c.get(ctx, query, &list, "projects", project, "global", "firewalls"); err != nil {
			return err
		}
		if err := page(list.Items, list.NextPageToken); err != nil || list.NextPageToken == "" {
			return err
		}
		query.Set("pageToken", list.NextPageToken)
	}
}

// maxAnswer bounds what Compute may answer, in bytes: a page of 500 rules with 256
// sources each is a tenth.
const maxAnswer = 64 << 20

// get reads what is at path, each part of which is escaped, into an answer. The error
// of an answer that is none is a [googleapi.Error].
func (c *computeClient) get(ctx context.Context, query url.Values, answer any, path ...string) error {
	address := c.base
	for _, part := range path {
		address += "/" + url.PathEscape(part)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := googleapi.CheckResponse(response); err != nil {
		return err
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(answer)
}
