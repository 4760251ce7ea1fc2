// Reference adapter: reads the list with net/http and follows next.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"adapters/protocol"
)

type page struct {
	Images []struct{ ID string } `json:"images"`
	Next   string                `json:"next"`
}

func main() { protocol.Serve(listImages) }

func listImages(service protocol.Service, query map[string]protocol.Values) ([]string, error) {
	values := url.Values{}
	for name, all := range query {
		values[name] = all
	}
	address, err := url.Parse(service.URL + "/v2/images?" + values.Encode())
	if err != nil {
		return nil, err
	}
	var ids []string
	for {
		page, err := read(address.String(), service.Token)
		if err != nil {
			return nil, err
		}
		for _, image := range page.Images {
			ids = append(ids, image.ID)
		}
		if page.Next == "" {
			return ids, nil
		}
		if address, err = address.Parse(page.Next); err != nil {
			return nil, err
		}
	}
}

// read requests a page. Anything but a complete page is an error.
func read(address, token string) (*page, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Auth-Token", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, failure(response.StatusCode, body)
	}
	var read page
	if err := json.Unmarshal(body, &read); err != nil {
		return nil, fmt.Errorf("a page is not JSON: %w", err)
	}
	if read.Images == nil {
		return nil, fmt.Errorf("a page without images: %.200s", body)
	}
	return &read, nil
}

// failure returns the error of a response: error_code comes from the API gateway, error.code from the service.
func failure(status int, body []byte) error {
	var gateway struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
		Error   struct{ Code, Message string }
	}
	if json.Unmarshal(body, &gateway) != nil {
		return &protocol.Error{Status: status, Message: fmt.Sprintf("%.200s", body)} // a proxy answers with HTML
	}
	if gateway.Code == "" {
		gateway.Code, gateway.Message = gateway.Error.Code, gateway.Error.Message
	}
	return &protocol.Error{Status: status, Code: gateway.Code, Message: gateway.Message}
}
