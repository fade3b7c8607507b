select
    cast(exercice as integer) as exercice,
    cast(reference_lien as string) as reference_lien,
    cast(nature as string) as nature_lien,
    cast(origine as string) as origine,
    cast(destination as string) as destination,
    cast(operateur as string) as operateur,
    cast(debit_mbits as bigint) as debit_mbits,
    cast(longueur_km as decimal(18, 2)) as longueur_km,
    cast(date_mise_en_service as date) as date_mise_en_service,
    cast(date_resiliation as date) as date_resiliation,
    cast(date_mise_en_service <= make_date(exercice, 1, 1) as boolean) as est_en_service_ouverture,
    cast(coalesce(date_resiliation >= make_date(exercice, 12, 31), true) as boolean) as est_en_service_cloture
from {{ ref('int_infrastructure__liens') }}
where poids = 1
