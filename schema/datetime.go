package schema

import (
	"strings"
	"time"
)

// isDateTime reports whether s is a date-time as RFC 3339 section 5.6 writes it, zone included.
//
// The library's own checker takes a bare date or a bare time as well. time.Parse is no help either: it takes a
// one-digit hour and a comma in front of the fraction, and refuses 't', 'z' and leap seconds.
func isDateTime(s string) bool {
	if len(s) < len("2006-01-02T15:04:05Z") || len(s) > 64 || s[10]|0x20 != 't' || !isDate(s[:10]) {
		return false
	}
	minute, zone, ok := clock(s[11:])
	if !ok || minute < leapSecond {
		return ok
	}
	// A leap second is the last second of a month in UTC (ITU-R TF.460), whatever the zone it is written in.
	day, _ := time.Parse(time.DateOnly, s[:10])
	utc := day.Add(time.Duration(minute-leapSecond-zone) * time.Minute)
	return utc.Hour() == 23 && utc.Minute() == 59 && utc.AddDate(0, 0, 1).Day() == 1
}

// isTime reports whether s is RFC 3339's full-time: the zone belongs to it.
func isTime(s string) bool {
	minute, zone, ok := clock(s)
	if !ok || minute < leapSecond {
		return ok
	}
	utc := (minute - leapSecond - zone + 48*60) % (24 * 60)
	return utc == 23*60+59
}

// isDate reports whether s is RFC 3339's full-date, a day of the calendar.
func isDate(s string) bool {
	if len(s) != len(time.DateOnly) {
		return false
	}
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// leapSecond is added to clock's minute where the second is 60.
const leapSecond = 24 * 60

// clock reads hh:mm:ss, a fraction, and a zone, and returns the minute of the day and the zone in minutes.
func clock(s string) (minute, zone int, ok bool) {
	if len(s) < len("15:04:05Z") || s[2] != ':' || s[5] != ':' {
		return 0, 0, false
	}
	hour, okH := twoDigits(s[0:2], 23)
	minute, okM := twoDigits(s[3:5], 59)
	second, okS := twoDigits(s[6:8], 60)
	rest := s[8:]
	if rest[0] == '.' {
		digits := rest[1:]
		rest = strings.TrimLeft(digits, "0123456789")
		if len(rest) == len(digits) {
			return 0, 0, false
		}
	}
	zone, okZ := offset(rest)
	minute += 60 * hour
	if second == 60 {
		minute += leapSecond
	}
	return minute, zone, okH && okM && okS && okZ
}

// offset reads Z or ±hh:mm. -00:00 is allowed: RFC 3339 section 4.3 gives it a meaning.
func offset(s string) (minutes int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hour, okH := twoDigits(s[1:3], 23)
	minute, okM := twoDigits(s[4:6], 59)
	minutes = 60*hour + minute
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, okH && okM
}

func twoDigits(s string, most int) (n int, ok bool) {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	n = 10*int(s[0]-'0') + int(s[1]-'0')
	return n, n <= most
}
