"""A small bot framework without OAuth, which behaves as Pywikibot did when it used httplib2.

Its modules have Pywikibot's names, so that a test can import it as ``pywikibot`` and run what Pywikibot's users write.

Source: Pywikibot of 2015-06-02 (8f25b15a1), its last version on httplib2.
"""
