-- union: several spellings of one word become the same once normalised, singular or plural.
select nomenclature, {{ orthographe('orthographe') }} as orthographe, code
from {{ source('reference', 'rh_orthographes') }}
union
select 'cadre_emplois' as nomenclature, {{ orthographe('libelle_cadre_emplois') }} as orthographe, code_cadre_emplois as code
from {{ source('reference', 'rh_cadres_emplois') }}
union
select 'cadre_emplois' as nomenclature, {{ orthographe('libelle_court') }} as orthographe, code_cadre_emplois as code
from {{ source('reference', 'rh_cadres_emplois') }}
union
select 'filiere' as nomenclature, {{ orthographe('libelle_filiere') }} as orthographe, code_filiere as code
from {{ source('reference', 'rh_filieres') }}
union
select sens as nomenclature, {{ orthographe('libelle_motif') }} as orthographe, code_motif as code
from {{ source('reference', 'rh_motifs') }}
